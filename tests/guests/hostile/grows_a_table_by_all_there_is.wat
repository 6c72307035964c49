;; Grows a table by 2^32 - 1 elements: out of memory, or told no.
;; expect: OOM | OK | DEADLINE
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $all 1 funcref)
  (func (export "_start")
    (if (i32.ne (table.grow $all (ref.null func) (i32.const -1)) (i32.const -1))
      (then (call $exit (i32.const 99))))
    (if (i32.ne (table.size $all) (i32.const 1)) (then (call $exit (i32.const 99))))))
