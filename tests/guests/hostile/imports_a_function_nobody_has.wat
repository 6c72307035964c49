;; Imports a function that is in no interface, beside one that is.
;; expect: INVALID
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  (import "wasi_snapshot_preview1" "proc_exec" (func (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))
