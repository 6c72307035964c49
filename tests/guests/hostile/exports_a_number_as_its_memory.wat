;; What it exports as memory is a number: a call of the host that needs memory must fail as the guest's fault.
;; expect: TRAP | INVALID
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (global (export "memory") i32 (i32.const 65536))
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
