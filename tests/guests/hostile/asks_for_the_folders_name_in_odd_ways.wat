;; Wants the name of its folder in no room, in too much, and outside of memory: error numbers or a trap.
;; expect: OK | TRAP
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  (func (export "_start")
    (call $folder)
    (drop (call $fd_prestat_dir_name (i32.const 3) (i32.const 4096) (i32.const 0)))
    (drop (call $fd_prestat_dir_name (i32.const 3) (i32.const 4096) (i32.const -1)))
    (drop (call $fd_prestat_dir_name (i32.const 1) (i32.const 4096) (i32.const 64)))
    (drop (call $fd_prestat_dir_name (i32.const 3) (i32.const 65534) (i32.const 64)))))
