;; Closes its three streams twice and uses them all the same: error numbers.
;; expect: OK
(module
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start") (local $stream i32)
    (loop $each
      (drop (call $fd_close (local.get $stream)))
      (call $denied (call $fd_close (local.get $stream)))
      (call $denied (call $fd_write (local.get $stream) (i32.const 16) (i32.const 1) (i32.const 24)))
      (call $denied (call $fd_read (local.get $stream) (i32.const 16) (i32.const 1) (i32.const 24)))
      (call $denied (call $fd_fdstat_get (local.get $stream) (i32.const 64)))
      (br_if $each (i32.lt_u (local.tee $stream (i32.add (local.get $stream) (i32.const 1))) (i32.const 3))))))
