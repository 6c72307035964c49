;; Exits with the largest status that is a hook's own.
;; expect: EXIT 125
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $inner (call $exit (i32.const 125)))
  (func (export "_start")
    (call $inner)
    unreachable))
