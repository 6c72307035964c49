;; Waits for no time at all, and for a moment that is past, for ever: the deadline must end it.
;; expect: DEADLINE | LIMIT
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $clock (param $at i32) (param $which i32) (param $nanoseconds i64) (param $flags i32)
    (i64.store (local.get $at) (i64.const 42))
    (i32.store8 offset=8 (local.get $at) (i32.const 0))
    (i32.store offset=16 (local.get $at) (local.get $which))
    (i64.store offset=24 (local.get $at) (local.get $nanoseconds))
    (i64.store offset=32 (local.get $at) (i64.const 0))
    (i32.store16 offset=40 (local.get $at) (local.get $flags)))
  (func (export "_start")
    (call $clock (i32.const 4096) (i32.const 1) (i64.const 0) (i32.const 0))
    (call $clock (i32.const 4144) (i32.const 0) (i64.const 1) (i32.const 1))
    (loop $again
      (drop (call $poll_oneoff (i32.const 4096) (i32.const 8192) (i32.const 1) (i32.const 24)))
      (drop (call $poll_oneoff (i32.const 4096) (i32.const 8192) (i32.const 2) (i32.const 24)))
      (br $again))))
