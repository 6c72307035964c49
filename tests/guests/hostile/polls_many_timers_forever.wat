;; Waits for 100 timers that are over already, for ever: each call must give back what it took.
;; expect: DEADLINE | LIMIT
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $clock (param $at i32) (param $which i32) (param $nanoseconds i64) (param $flags i32)
    (i64.store (local.get $at) (i64.const 42))
    (i32.store8 offset=8 (local.get $at) (i32.const 0))
    (i32.store offset=16 (local.get $at) (local.get $which))
    (i64.store offset=24 (local.get $at) (local.get $nanoseconds))
    (i64.store offset=32 (local.get $at) (i64.const 0))
    (i32.store16 offset=40 (local.get $at) (local.get $flags)))
  (func (export "_start") (local $at i32)
    (local.set $at (i32.const 4096))
    (loop $more
      (call $clock (local.get $at) (i32.const 1) (i64.const 0) (i32.const 0))
      (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 48))) (i32.const 8896))))
    (loop $again
      (if (call $poll_oneoff (i32.const 4096) (i32.const 16384) (i32.const 100) (i32.const 24))
        (then (call $proc_exit (i32.const 98))))
      (br $again))))
