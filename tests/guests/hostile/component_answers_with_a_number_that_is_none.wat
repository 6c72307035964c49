;; Its entry gives back 2 where there is only yes and no.
;; expect: TRAP
(component
  (core module $m (func (export "run") (result i32) (i32.const 2)))
  (core instance $main (instantiate $m))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
