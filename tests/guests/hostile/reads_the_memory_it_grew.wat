;; Grows from one page to 16 MiB and looks through it: all must be zero.
;; expect: OK
;; pool: reader
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $empty (param $from i32) (param $to i32)
    (loop $next
      (if (i64.ne (i64.load (local.get $from)) (i64.const 0)) (then (call $proc_exit (i32.const 99))))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 8))) (local.get $to)))))
  (func (export "_start")
    (if (i32.eq (memory.grow (i32.const 255)) (i32.const -1)) (then (call $proc_exit (i32.const 98))))
    (call $empty (i32.const 0) (i32.const 16777216))))
