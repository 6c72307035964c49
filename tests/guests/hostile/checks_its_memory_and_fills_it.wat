;; Checks that all is as its module says, then overwrites it and traps: run twice in a slot it is reader and writer.
;; expect: TRAP
;; pool: writer
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 40)
  (data (i32.const 1000000) "as the module says")
  (data $once "taken once")
  (table $functions 9000 funcref)
  (elem (i32.const 4500) $self)
  (global $runs (mut i32) (i32.const 0))
  (func $self)
  (func $expect (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then (call $exit (i32.const 99)))))
  (func (export "_start") (local $at i32)
    (call $expect (i32.eqz (global.get $runs)))
    (call $expect (i64.eq (i64.load (i32.const 1000000)) (i64.const 0x6d20656874207361)))
    (call $expect (ref.is_null (table.get $functions (i32.const 0))))
    (call $expect (i32.eqz (ref.is_null (table.get $functions (i32.const 4500)))))
    (call $expect (ref.is_null (table.get $functions (i32.const 8999))))
    ;; Traps where a slot remembers that the segment was dropped.
    (memory.init $once (i32.const 0) (i32.const 0) (i32.const 10))
    (memory.fill (i32.const 1000000) (i32.const 0) (i32.const 18))
    (call $expect (i64.eq (i64.load (i32.const 0)) (i64.const 0x6e6f206e656b6174)))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 10))
    (loop $next
      (call $expect (i64.eqz (i64.load (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 2621440))))
    (memory.fill (i32.const 0) (i32.const 0xe7) (i32.const 2621440))
    (table.fill $functions (i32.const 0) (ref.func $self) (i32.const 9000))
    (table.set $functions (i32.const 4500) (ref.null func))
    (data.drop $once)
    (global.set $runs (i32.const 1))
    unreachable))
