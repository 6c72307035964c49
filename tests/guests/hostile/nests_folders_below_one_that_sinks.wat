;; Keeps a folder open, moves it down below others, and goes on making folders from its handle.
;; expect: LIMIT | DEADLINE | OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "top")
  (data (i32.const 272) "top/kept")
  (data (i32.const 288) "lid")
  (data (i32.const 304) "lid/top")
  (data (i32.const 320) "d")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Without this the rest says nothing.
  (func $needed (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (i32.const 98)))))
  ;; The new handle is left at 8.
  (func $open (param $dir i32) (param $path i32) (param $length i32) (param $how i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $length)
      (local.get $how) (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 8)))
  (func (export "_start") (local $kept i32) (local $turn i32)
    (call $folder)
    (call $needed (call $path_create_directory (i32.const 3) (i32.const 256) (i32.const 3) (; top ;)))
    (call $needed (call $path_create_directory (i32.const 3) (i32.const 272) (i32.const 8) (; top/kept ;)))
    (call $needed (call $open (i32.const 3) (i32.const 272) (i32.const 8) (; top/kept ;) (i32.const 2) (i64.const 2)))
    (local.set $kept (i32.load (i32.const 8)))
    (loop $sink
      (if (call $path_create_directory (i32.const 3) (i32.const 288) (i32.const 3) (; lid ;)) (then (return)))
      (if (call $path_rename (i32.const 3) (i32.const 256) (i32.const 3) (; top ;) (i32.const 3) (i32.const 304) (i32.const 7) (; lid/top ;)) (then (return)))
      (if (call $path_rename (i32.const 3) (i32.const 288) (i32.const 3) (; lid ;) (i32.const 3) (i32.const 256) (i32.const 3) (; top ;)) (then (return)))
      (br_if $sink (i32.lt_u (local.tee $turn (i32.add (local.get $turn) (i32.const 1))) (i32.const 60))))
    ;; From here it is at least 60 deep, and its own handle does not say so.
    (local.set $turn (i32.const 0))
    (loop $deeper
      (if (call $path_create_directory (local.get $kept) (i32.const 320) (i32.const 1) (; d ;)) (then (return)))
      (if (call $open (local.get $kept) (i32.const 320) (i32.const 1) (; d ;) (i32.const 2) (i64.const 2)) (then (return)))
      (drop (call $fd_close (local.get $kept)))
      (local.set $kept (i32.load (i32.const 8)))
      (br_if $deeper (i32.lt_u (local.tee $turn (i32.add (local.get $turn) (i32.const 1))) (i32.const 1000))))))
