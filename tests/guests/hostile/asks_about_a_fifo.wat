;; Asks what a FIFO is, dates it, lists it and opens it as a folder: nothing of that waits.
;; expect: OK
;; grant: rw
;; needs: fifo
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times" (func $path_filestat_set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "fifo")
  (data (i32.const 272) "second")
  (data (i32.const 288) "third")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Without this the rest says nothing.
  (func $needed (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (i32.const 98)))))
  (func (export "_start")
    (call $folder)
    (call $needed (call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 256) (i32.const 4) (; fifo ;) (i32.const 64)))
    (drop (call $path_filestat_set_times (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 4) (; fifo ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $needed (call $fd_readdir (i32.const 3) (i32.const 4096) (i32.const 4096) (i64.const 0) (i32.const 24)))
    (drop (call $path_link (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 4) (; fifo ;) (i32.const 3) (i32.const 272) (i32.const 6) (; second ;)))
    (drop (call $path_rename (i32.const 3) (i32.const 272) (i32.const 6) (; second ;) (i32.const 3) (i32.const 288) (i32.const 5) (; third ;)))
    (drop (call $path_unlink_file (i32.const 3) (i32.const 288) (i32.const 5) (; third ;)))))
