;; Prints 48 MiB in one call, more than a call may copy: cut or refused, and little of it kept.
;; expect: OK | LIMIT | DEADLINE
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 800)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 65536))
    (i32.store (i32.const 20) (i32.const 50331648))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))
