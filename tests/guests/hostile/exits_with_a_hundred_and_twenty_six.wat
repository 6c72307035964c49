;; Exits with a status that shells use for themselves: it is no exit.
;; expect: TRAP
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $inner (call $exit (i32.const 126)))
  (func (export "_start")
    (call $inner)
    unreachable))
