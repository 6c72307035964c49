;; Imports a function of an interface that there is, with another type than it has.
;; expect: INVALID
(component
  (import "podhook:lifecycle/clock@0.1.0" (instance
    (export "now-ms" (func (param "since" string) (result (list string))))))
  (core module $m (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $m))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
