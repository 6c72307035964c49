;; Writes at the end of all numbers, and makes a file as long: error numbers, and nothing counted.
;; expect: OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $fd_filestat_set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "far")
  (func $refused (param $errno i32) (param $status i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (local.get $status)))))
  (func (export "_start") (local $file i32)
    (if (call $path_open (i32.const 3) (i32.const 1) (i32.const 256) (i32.const 3) (i32.const 1)
      (i64.const 0x1fffffff) (i64.const 0x1fffffff) (i32.const 0) (i32.const 8))
      (then (call $proc_exit (i32.const 98))))
    (local.set $file (i32.load (i32.const 8)))
    ;; One byte, from 256.
    (i32.store (i32.const 16) (i32.const 256))
    (i32.store (i32.const 20) (i32.const 1))
    (call $refused
      (call $fd_pwrite (local.get $file) (i32.const 16) (i32.const 1) (i64.const -1) (i32.const 24))
      (i32.const 1))
    (call $refused
      (call $fd_pwrite (local.get $file) (i32.const 16) (i32.const 1) (i64.const 0x7fffffffffffffff) (i32.const 24))
      (i32.const 2))
    (call $refused
      (call $fd_filestat_set_size (local.get $file) (i64.const -1))
      (i32.const 3))))
