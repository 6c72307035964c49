;; Has data in the middle of a page: all around it must be zero, and the data as the module says.
;; expect: OK
;; pool: reader
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 100)
  (func $empty (param $from i32) (param $to i32)
    (loop $next
      (if (i64.ne (i64.load (local.get $from)) (i64.const 0)) (then (call $proc_exit (i32.const 99))))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 8))) (local.get $to)))))
  (data (i32.const 2097280) "12345678")
  (func (export "_start")
    (if (i64.ne (i64.load (i32.const 2097280)) (i64.const 0x3837363534333231)) (then (call $proc_exit (i32.const 99))))
    (call $empty (i32.const 0) (i32.const 2097280))
    (call $empty (i32.const 2097288) (i32.const 6553600))))
