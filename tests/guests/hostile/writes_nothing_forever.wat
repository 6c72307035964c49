;; Writes no buffers at all, and empty ones, for ever: no byte is counted, and the deadline must end it.
;; expect: DEADLINE | LIMIT
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 0) (i32.const 24)))
      (drop (call $fd_write (i32.const 2) (i32.const 4096) (i32.const 1000) (i32.const 24)))
      (br $again))))
