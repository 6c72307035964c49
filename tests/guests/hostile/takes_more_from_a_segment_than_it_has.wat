;; Copies bytes out of a data segment after it was dropped.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (data $gone "some bytes that are dropped")
  (func (export "_start")
    (data.drop $gone)
    (memory.init $gone (i32.const 0) (i32.const 0) (i32.const 8))))
