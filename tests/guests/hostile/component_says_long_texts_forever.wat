;; Hands the host texts of 8 MiB, for ever: each takes the place of the one before.
;; expect: DEADLINE | LIMIT | OOM
(component
  (import "podhook:lifecycle/events@0.1.0" (instance $events
    (export "termination-message" (func (param "text" string)))))
  (core module $memory (memory (export "memory") 200))
  (core instance $memory (instantiate $memory))
  (core func $say (canon lower (func $events "termination-message")
    (memory (core memory $memory "memory"))))
  (core module $m
    (import "host" "memory" (memory 200))
    (import "host" "say" (func $say (param i32 i32)))
    (func (export "run") (result i32)
      (loop $again
        (call $say (i32.const 0) (i32.const 8388608))
        (br $again))
      (i32.const 0)))
  (core instance $main (instantiate $m (with "host" (instance
    (export "memory" (memory $memory "memory"))
    (export "say" (func $say))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
