;; Exits with the smallest failure.
;; expect: EXIT 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $inner (call $exit (i32.const 1)))
  (func (export "_start")
    (call $inner)
    unreachable))
