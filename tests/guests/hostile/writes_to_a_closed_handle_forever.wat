;; Asks for what is refused, for ever: refusals cost the host time too, and the deadline must end it.
;; expect: DEADLINE | LIMIT
(module
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (drop (call $fd_write (i32.const 77) (i32.const 16) (i32.const 1) (i32.const 24)))
      (drop (call $fd_close (i32.const -1)))
      (br $again))))
