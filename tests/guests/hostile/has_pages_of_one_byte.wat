;; A memory whose pages have one byte.
;; expect: INVALID
(module
  (memory (export "memory") 100 (pagesize 1))
  (func (export "_start") (drop (i32.load8_u (i32.const 99)))))
