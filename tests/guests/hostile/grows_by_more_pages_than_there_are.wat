;; Grows by counts that overflow when they are multiplied: no more memory may be there afterwards.
;; expect: OOM | OK
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (memory.grow (i32.const -1)))
    (drop (memory.grow (i32.const 0x80000000)))
    (drop (memory.grow (i32.const 0x00010001)))
    (if (i32.ne (memory.size) (i32.const 1)) (then (call $proc_exit (i32.const 99))))))
