;; Hands the host bytes as a text that are no UTF-8.
;; expect: TRAP
(component
  (import "podhook:lifecycle/events@0.1.0" (instance $events
    (export "termination-message" (func (param "text" string)))))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (core func $say (canon lower (func $events "termination-message")
    (memory (core memory $memory "memory"))))
  (core module $m
    (import "host" "memory" (memory 1))
    (import "host" "say" (func $say (param i32 i32)))
    (func (export "run") (result i32)
      (i32.store (i32.const 64) (i32.const 0xfefffefe))
      (call $say (i32.const 64) (i32.const 4))
      (i32.const 0)))
  (core instance $main (instantiate $m (with "host" (instance
    (export "memory" (memory $memory "memory"))
    (export "say" (func $say))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
