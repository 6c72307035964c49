;; Exits with 0 in its start function: its entry must not be called after that.
;; expect: OK
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $before (call $exit (i32.const 0)))
  (start $before)
  (func (export "_start") (call $exit (i32.const 99))))
