;; Gives its streams each other's numbers until one is left, and the largest numbers there are.
;; expect: OK
(module
  (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start")
    (drop (call $fd_renumber (i32.const 1) (i32.const 2)))
    (drop (call $fd_renumber (i32.const 2) (i32.const 1)))
    (drop (call $fd_renumber (i32.const 0) (i32.const 2)))
    (drop (call $fd_renumber (i32.const 2) (i32.const 2)))
    (drop (call $fd_renumber (i32.const 2) (i32.const -1)))
    (drop (call $fd_renumber (i32.const -1) (i32.const 0)))
    (drop (call $fd_renumber (i32.const 0x7fffffff) (i32.const 0x7ffffffe)))
    (call $denied (call $fd_write (i32.const 77) (i32.const 16) (i32.const 1) (i32.const 24)))))
