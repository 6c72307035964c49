;; Gives the host a pointer outside of its memory, in its start function.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $start (drop (call $write (i32.const 1) (i32.const -16) (i32.const 1) (i32.const 0))))
  (func (export "_start"))
  (start $start))
