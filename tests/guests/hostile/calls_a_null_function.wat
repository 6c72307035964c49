;; Calls an element that nothing was put into.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (type $nothing (func))
  (table 8 funcref)
  (func (export "_start") (call_indirect (type $nothing) (i32.const 5))))
