;; Imports functions that exist, with other parameters and results than they have.
;; expect: INVALID
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i64 i64) (result i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))
