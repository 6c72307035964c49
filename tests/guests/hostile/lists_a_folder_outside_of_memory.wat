;; Lists a folder into a buffer of 4 GiB that begins inside of memory.
;; expect: TRAP | OK
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  (func (export "_start")
    (call $folder)
    (drop (call $fd_readdir (i32.const 3) (i32.const 65500) (i32.const -1) (i64.const 0) (i32.const 24)))))
