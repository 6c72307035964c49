;; Waits for 200,000 timers at once: refused, or cut off, with little of the host's memory taken.
;; expect: LIMIT | DEADLINE | OK
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 260)
  (func $clock (param $at i32) (param $which i32) (param $nanoseconds i64) (param $flags i32)
    (i64.store (local.get $at) (i64.const 42))
    (i32.store8 offset=8 (local.get $at) (i32.const 0))
    (i32.store offset=16 (local.get $at) (local.get $which))
    (i64.store offset=24 (local.get $at) (local.get $nanoseconds))
    (i64.store offset=32 (local.get $at) (i64.const 0))
    (i32.store16 offset=40 (local.get $at) (local.get $flags)))
  (func (export "_start") (local $at i32)
    (call $clock (i32.const 65536) (i32.const 1) (i64.const 3600000000000) (i32.const 0))
    (local.set $at (i32.const 65584))
    (loop $more
      (memory.copy (local.get $at) (i32.const 65536) (i32.const 48))
      (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 48))) (i32.const 9665536))))
    (drop (call $poll_oneoff (i32.const 65536) (i32.const 9699328) (i32.const 200000) (i32.const 24)))))
