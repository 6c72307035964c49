;; Its entry wants a text that nobody gives.
;; expect: INVALID
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
    (func (export "run") (param i32 i32)))
  (core instance $main (instantiate $m))
  (func $run (param "text" string) (canon lift (core func $main "run")
    (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
