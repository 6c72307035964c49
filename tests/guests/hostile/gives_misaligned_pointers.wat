;; A list of buffers, and a place for the result, at odd addresses.
;; expect: TRAP | OK
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 17) (i32.const 300))
    (i32.store (i32.const 21) (i32.const 1))
    (drop (call $fd_write (i32.const 1) (i32.const 17) (i32.const 1) (i32.const 27)))))
