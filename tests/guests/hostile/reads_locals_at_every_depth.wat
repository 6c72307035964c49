;; Calls itself 1,000 deep and looks at locals that it never set, where others had their stack: all must be zero.
;; expect: OK
;; pool: reader
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $down (param $depth i32) (local $a i64) (local $b i64) (local $c v128) (local $d f64)
    (if (i64.ne (i64.or (local.get $a) (local.get $b)) (i64.const 0)) (then (call $exit (i32.const 99))))
    (if (v128.any_true (local.get $c)) (then (call $exit (i32.const 99))))
    (if (i64.ne (i64.reinterpret_f64 (local.get $d)) (i64.const 0)) (then (call $exit (i32.const 99))))
    (if (i32.eqz (local.get $depth)) (then (return)))
    (local.set $a (i64.extend_i32_u (local.get $depth)))
    (local.set $c (i64x2.splat (local.get $a)))
    (call $down (i32.sub (local.get $depth) (i32.const 1)))
    (i64.store (i32.const 0) (i64.add (local.get $a) (i64x2.extract_lane 1 (local.get $c)))))
  (func (export "_start") (call $down (i32.const 1000))))
