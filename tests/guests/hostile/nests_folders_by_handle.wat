;; Makes a folder in a folder in a folder, each from the handle of the one before: no path is ever longer than a letter.
;; expect: LIMIT | DEADLINE | OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "d")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; The new handle is left at 8.
  (func $open (param $dir i32) (param $path i32) (param $length i32) (param $how i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $length)
      (local.get $how) (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 8)))
  (func (export "_start") (local $here i32)
    (call $folder)
    (local.set $here (i32.const 3))
    (block $refused
      (loop $deeper
        (br_if $refused (call $path_create_directory (local.get $here) (i32.const 256) (i32.const 1) (; d ;)))
        (br_if $refused (call $open (local.get $here) (i32.const 256) (i32.const 1) (; d ;) (i32.const 2) (i64.const 2)))
        (if (i32.ne (local.get $here) (i32.const 3)) (then (drop (call $fd_close (local.get $here)))))
        (local.set $here (i32.load (i32.const 8)))
        (br $deeper)))))
