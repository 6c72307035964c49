;; Says that its list has 2^31 - 1 buffers: the host must not make room for them.
;; expect: TRAP | OK
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0x7fffffff) (i32.const 24)))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 0x1fffffff) (i32.const 24)))))
