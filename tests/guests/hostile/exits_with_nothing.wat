;; Exits with 0 in the middle, from within a call: the rest is not run.
;; expect: OK
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $inner (call $exit (i32.const 0)))
  (func (export "_start")
    (call $inner)
    unreachable))
