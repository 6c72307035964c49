;; Wants the events where the subscriptions are, so that each event overwrites what is read next.
;; expect: OK | TRAP
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
    (call $clock (i32.const 4144) (i32.const 1) (i64.const 0) (i32.const 0))
    (call $clock (i32.const 4192) (i32.const 1) (i64.const 0) (i32.const 0))
    (drop (call $poll_oneoff (i32.const 4096) (i32.const 4096) (i32.const 3) (i32.const 4096)))))
