;; Opens a file that it may only read so that opening empties it, with and without asking to write.
;; expect: OK
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "hello.txt")
  (data (i32.const 272) "sub/new")
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
  (func (export "_start")
    (call $folder)
    (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 8) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 8) (i64.const 0)))
    (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 9) (i64.const 66)))
    (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 1) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 272) (i32.const 7) (; sub/new ;) (i32.const 1) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 272) (i32.const 7) (; sub/new ;) (i32.const 5) (i64.const 64)))
    (call $needed (call $path_filestat_get (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 9) (; hello.txt ;) (i32.const 64)))
    (call $needed (i64.ne (i64.load (i32.const 96)) (i64.const 6)))))
