;; Six memories of 30 MiB each: too much only when they are summed.
;; expect: OOM | INVALID
(component
  (core module $m
    (memory 480)
    (func (export "run") (result i32) (i32.const 0)))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance $main (instantiate $m))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
