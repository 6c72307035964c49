;; Asks for the time, which takes the host longer than the guest: the deadline must end it.
;; expect: DEADLINE | LIMIT
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 64)))
      (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 72)))
      (br $again))))
