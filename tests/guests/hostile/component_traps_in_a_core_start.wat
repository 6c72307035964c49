;; A component whose core module traps while it is instantiated: that is the guest's own fault.
;; expect: TRAP
(component
  (core module $m
    (func $before unreachable)
    (start $before)
    (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $m))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
