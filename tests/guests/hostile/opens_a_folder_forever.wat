;; Opens folders again and again, whatever it is told: the host must keep files of its own.
;; expect: LIMIT | DEADLINE
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "sub")
  (data (i32.const 272) ".")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; The new handle is left at 8.
  (func $open (param $dir i32) (param $path i32) (param $length i32) (param $how i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $length)
      (local.get $how) (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 8)))
  (func (export "_start")
    (call $folder)
    (loop $again
      (drop (call $open (i32.const 3) (i32.const 256) (i32.const 3) (; sub ;) (i32.const 2) (i64.const 2)))
      (drop (call $open (i32.const 3) (i32.const 272) (i32.const 1) (; . ;) (i32.const 2) (i64.const 2)))
      (br $again))))
