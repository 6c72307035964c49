;; Fills 16 MiB with a pattern and exits from deep inside: the slot must be cleaned on this way too.
;; expect: EXIT 7
;; pool: writer
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 256)
  (func $down (param $depth i32)
    (if (i32.eqz (local.get $depth)) (then (call $proc_exit (i32.const 7))))
    (call $down (i32.sub (local.get $depth) (i32.const 1)))
    (i64.store (local.get $depth) (i64.const -1)))
  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 0xc3) (i32.const 16777216))
    (call $down (i32.const 500))))
