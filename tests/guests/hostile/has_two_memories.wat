;; Copies from one memory to another.
;; expect: INVALID
(module
  (memory (export "memory") 1)
  (memory $second 16)
  (func (export "_start") (memory.copy 0 $second (i32.const 0) (i32.const 0) (i32.const 64))))
