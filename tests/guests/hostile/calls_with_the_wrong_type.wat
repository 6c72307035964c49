;; Calls a function through a table as if it had another type.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (type $wanted (func (param i64 i64) (result i64)))
  (table 1 1 funcref)
  (elem (i32.const 0) $plain)
  (func $plain (param i32))
  (func (export "_start")
    (drop (call_indirect (type $wanted) (i64.const 1) (i64.const -1) (i32.const 0)))))
