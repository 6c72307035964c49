;; Asks for the time that its process and thread took, and by clocks that there are not: error numbers or a trap, no panic.
;; expect: OK | TRAP
(module
  (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start")
    (call $denied (call $clock_time_get (i32.const 2) (i64.const -1) (i32.const 64)))
    (call $denied (call $clock_res_get (i32.const 3) (i32.const 64)))
    (call $denied (call $clock_time_get (i32.const 77) (i64.const 0) (i32.const 64)))
    (call $denied (call $clock_res_get (i32.const -1) (i32.const 64)))))
