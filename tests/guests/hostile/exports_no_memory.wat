;; Has no memory that the host could write to, and asks for random bytes and the time.
;; expect: TRAP | INVALID
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (memory 1)
  (func (export "_start")
    (drop (call $random (i32.const 0) (i32.const 8)))
    (drop (call $time (i32.const 0) (i64.const 0) (i32.const 0)))))
