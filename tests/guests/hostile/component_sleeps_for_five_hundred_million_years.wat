;; Has the host wait for as many milliseconds as can be said: the deadline must end it.
;; expect: DEADLINE
(component
  (import "podhook:lifecycle/clock@0.1.0" (instance $clock
    (export "sleep-ms" (func (param "ms" u64)))))
  (core func $sleep (canon lower (func $clock "sleep-ms")))
  (core module $m
    (import "host" "sleep" (func $sleep (param i64)))
    (func (export "run") (result i32)
      (call $sleep (i64.const -1))
      (i32.const 1)))
  (core instance $main (instantiate $m (with "host" (instance (export "sleep" (func $sleep))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
