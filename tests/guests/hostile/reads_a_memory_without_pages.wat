;; A memory of no page: its first byte is already outside.
;; expect: TRAP
(module
  (memory (export "memory") 0 0)
  (func (export "_start") (i32.store8 (i32.const 0) (i32.load8_u (i32.const 0)))))
