;; Fills 4 GiB less a byte.
;; expect: TRAP | DEADLINE
(module
  (memory (export "memory") 1)
  (func (export "_start") (memory.fill (i32.const 1) (i32.const 0xff) (i32.const -1))))
