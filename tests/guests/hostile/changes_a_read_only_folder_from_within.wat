;; Opens a folder below the one that it may only read: what it opens there is read-only too.
;; expect: OK
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_filestat_set_times" (func $fd_filestat_set_times (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "sub")
  (data (i32.const 272) "made")
  (data (i32.const 288) "x")
  (data (i32.const 304) "hello.txt")
  (data (i32.const 320) "../hello.txt")
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
  (func (export "_start") (local $sub i32)
    (call $folder)
    (call $needed (call $open (i32.const 3) (i32.const 256) (i32.const 3) (; sub ;) (i32.const 2) (i64.const 2)))
    (local.set $sub (i32.load (i32.const 8)))
    (call $denied (call $open (local.get $sub) (i32.const 272) (i32.const 4) (; made ;) (i32.const 1) (i64.const 66)))
    (call $denied (call $path_create_directory (local.get $sub) (i32.const 272) (i32.const 4) (; made ;)))
    (call $denied (call $path_symlink (i32.const 288) (i32.const 1) (; x ;) (local.get $sub) (i32.const 272) (i32.const 4) (; made ;)))
    (call $denied (call $path_rename (i32.const 3) (i32.const 304) (i32.const 9) (; hello.txt ;) (local.get $sub) (i32.const 304) (i32.const 9) (; hello.txt ;)))
    (call $denied (call $open (local.get $sub) (i32.const 320) (i32.const 12) (; ../hello.txt ;) (i32.const 8) (i64.const 2)))
    (call $denied (call $fd_filestat_set_times (local.get $sub) (i64.const 0) (i64.const 0) (i32.const 5)))
    (drop (call $fd_renumber (local.get $sub) (i32.const 3)))
    (call $denied (call $path_create_directory (i32.const 3) (i32.const 272) (i32.const 4) (; made ;)))))
