;; An element segment that does not fit its table.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (table 4 funcref)
  (elem (i32.const 3) $one $two)
  (func $one)
  (func $two)
  (func (export "_start")))
