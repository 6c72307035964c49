;; Looks through a table, one that it grows, its globals and locals: all must be empty.
;; expect: OK
;; pool: reader
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $functions 9000 funcref)
  (table $grown 0 9000 funcref)
  (global $number (mut i64) (i64.const 0))
  (global $function (mut funcref) (ref.null func))
  (func $expect (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then (call $exit (i32.const 99)))))
  (func (export "_start") (local $at i32) (local $wide v128) (local $some funcref)
    (call $expect (i64.eqz (global.get $number)))
    (call $expect (ref.is_null (global.get $function)))
    (call $expect (ref.is_null (local.get $some)))
    (call $expect (i32.eqz (v128.any_true (local.get $wide))))
    (if (i32.eq (table.grow $grown (ref.null func) (i32.const 9000)) (i32.const -1))
      (then (call $exit (i32.const 98))))
    (loop $next
      (call $expect (ref.is_null (table.get $functions (local.get $at))))
      (call $expect (ref.is_null (table.get $grown (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 9000))))))
