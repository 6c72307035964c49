;; The largest address with the largest offset: twice as far as an index reaches.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (i32.load8_u offset=0xffffffff (i32.const 0xffffffff)))))
