;; Exits with a status that becomes 0 when it is cut to a byte: it must not be taken for success.
;; expect: TRAP
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $inner (call $exit (i32.const 256)))
  (func (export "_start")
    (call $inner)
    unreachable))
