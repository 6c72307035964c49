;; A component whose core module loops while it is instantiated: limits must be armed before.
;; expect: DEADLINE
(component
  (core module $m
    (func $before (loop $again (br $again)))
    (start $before)
    (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $m))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
