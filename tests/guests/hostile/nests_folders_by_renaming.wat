;; Moves all that it has into a new folder, and the new folder to where that was: no path has more than two names.
;; expect: LIMIT | DEADLINE | OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "all")
  (data (i32.const 272) "new")
  (data (i32.const 288) "new/all")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Without this the rest says nothing.
  (func $needed (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (i32.const 98)))))
  (func (export "_start")
    (call $folder)
    (call $needed (call $path_create_directory (i32.const 3) (i32.const 256) (i32.const 3) (; all ;)))
    (loop $deeper
      (if (call $path_create_directory (i32.const 3) (i32.const 272) (i32.const 3) (; new ;)) (then (return)))
      (if (call $path_rename (i32.const 3) (i32.const 256) (i32.const 3) (; all ;) (i32.const 3) (i32.const 288) (i32.const 7) (; new/all ;)) (then (return)))
      (if (call $path_rename (i32.const 3) (i32.const 272) (i32.const 3) (; new ;) (i32.const 3) (i32.const 256) (i32.const 3) (; all ;)) (then (return)))
      (br $deeper))))
