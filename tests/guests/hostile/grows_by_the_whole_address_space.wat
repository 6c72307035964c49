;; Grows its memory by 65,536 pages at once, and then by 65,535: it must end as out of memory, or be told no.
;; expect: OOM | OK
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 65536)) (i32.const -1)) (then (call $proc_exit (i32.const 99))))
    (if (i32.ne (memory.grow (i32.const 65535)) (i32.const -1)) (then (call $proc_exit (i32.const 99))))))
