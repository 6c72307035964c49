;; Little is in each, and there are more of them than a pool has for a guest: no other guest may go without for that, and no fault is the host's.
;; expect: OK | INVALID | LIMIT
(component
  (core module $m
    (memory 1)
    (func (export "run") (result i32) (i32.const 0)))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance (instantiate $m))
  (core instance $main (instantiate $m))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
