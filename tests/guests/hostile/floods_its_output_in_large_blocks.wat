;; Prints 64 KiB at a time, for ever: output is cut and counted, and the deadline ends it.
;; expect: DEADLINE | LIMIT
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 65536))
    (i32.store (i32.const 20) (i32.const 65536))
    (memory.fill (i32.const 65536) (i32.const 35) (i32.const 65536))
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
      (br $again))))
