;; Two components in one, each with a memory: a text goes from one to the other. What the
;; host generates between them has both memories.
(component
  (component $says
    (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
      ;; The text begins with 'g'.
      (func (export "is-good") (param i32 i32) (result i32)
        local.get 0
        i32.load8_u
        i32.const 103
        i32.eq))
    (core instance $i (instantiate $m))
    (func (export "is-good") (param "text" string) (result bool)
      (canon lift (core func $i "is-good")
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $runs
    (import "is-good" (func $is-good (param "text" string) (result bool)))
    (core module $text
      (memory (export "memory") 1)
      (data (i32.const 16) "good"))
    (core instance $text (instantiate $text))
    (core func $is-good (canon lower (func $is-good) (memory (core memory $text "memory"))))
    (core module $main
      (import "says" "is-good" (func $is-good (param i32 i32) (result i32)))
      (func (export "run") (result i32)
        i32.const 16
        i32.const 4
        call $is-good
        i32.eqz))
    (core instance $main (instantiate $main
      (with "says" (instance (export "is-good" (func $is-good))))))
    (func (export "run") (result (result)) (canon lift (core func $main "run"))))
  (instance $said (instantiate $says))
  (instance $ran (instantiate $runs (with "is-good" (func $said "is-good"))))
  (instance $run (export "run" (func $ran "run")))
  (export "wasi:cli/run@0.2.0" (instance $run)))
