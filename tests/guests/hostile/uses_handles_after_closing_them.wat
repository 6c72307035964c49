;; Closes a file and the folder it was granted, and uses both all the same, as what they were and as what they were not.
;; expect: OK
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $fd_filestat_set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_tell" (func $fd_tell (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "hello.txt")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  ;; Without this the rest says nothing.
  (func $needed (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (i32.const 98)))))
  ;; The new handle is left at 8.
  (func $open (param $dir i32) (param $path i32) (param $length i32) (param $how i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $length)
      (local.get $how) (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 8)))
  (func (export "_start") (local $file i32)
    (call $folder)
    (call $needed (call $open (i32.const 3) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 0) (i64.const 2)))
    (local.set $file (i32.load (i32.const 8)))
    ;; A file is no folder, and a folder no file.
    (call $denied (call $open (local.get $file) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $fd_readdir (local.get $file) (i32.const 4096) (i32.const 512) (i64.const 0) (i32.const 24)))
    (call $denied (call $fd_read (i32.const 3) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $denied (call $fd_seek (i32.const 3) (i64.const 0) (i32.const 0) (i32.const 24)))
    (call $denied (call $fd_filestat_set_size (i32.const 3) (i64.const 0)))
    (call $needed (call $fd_close (local.get $file)))
    (call $denied (call $fd_close (local.get $file)))
    (call $denied (call $fd_read (local.get $file) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $denied (call $fd_tell (local.get $file) (i32.const 24)))
    (call $needed (call $fd_close (i32.const 3)))
    (call $denied (call $fd_prestat_get (i32.const 3) (i32.const 0)))
    (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $fd_readdir (i32.const 3) (i32.const 4096) (i32.const 512) (i64.const 0) (i32.const 24)))))
