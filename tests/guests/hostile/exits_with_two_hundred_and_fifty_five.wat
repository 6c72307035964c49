;; Exits with the largest status a process can have: over 125 it is no exit.
;; expect: TRAP
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $inner (call $exit (i32.const 255)))
  (func (export "_start")
    (call $inner)
    unreachable))
