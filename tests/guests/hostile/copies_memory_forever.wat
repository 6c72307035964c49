;; Copies 32 MiB back and forth in single instructions: the deadline must end it although few instructions are counted.
;; expect: DEADLINE
(module
  (memory (export "memory") 1025)
  (func (export "_start")
    (loop $again
      (memory.copy (i32.const 65536) (i32.const 0) (i32.const 67108864))
      (memory.copy (i32.const 0) (i32.const 65536) (i32.const 67108864))
      (br $again))))
