;; Reads from its outputs, writes to its input, seeks and truncates them: error numbers.
;; expect: OK
(module
  (import "wasi_snapshot_preview1" "fd_allocate" (func $fd_allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $fd_filestat_set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.const 16))
    (call $denied (call $fd_read (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $denied (call $fd_read (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $denied (call $fd_write (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $denied (call $fd_seek (i32.const 1) (i64.const -1) (i32.const 2) (i32.const 24)))
    (call $denied (call $fd_pwrite (i32.const 2) (i32.const 16) (i32.const 1) (i64.const 4096) (i32.const 24)))
    (call $denied (call $fd_filestat_set_size (i32.const 1) (i64.const 0)))
    (call $denied (call $fd_allocate (i32.const 2) (i64.const 0) (i64.const 4096)))))
