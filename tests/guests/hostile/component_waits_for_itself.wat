;; Uses functions of an asynchronous kind, which are turned off.
;; expect: INVALID
(component
  (core func $done (canon task.return (result (result))))
  (core module $m
    (import "host" "done" (func $done (param i32)))
    (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $m (with "host" (instance (export "done" (func $done))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
