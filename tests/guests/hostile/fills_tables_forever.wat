;; Overwrites a table of 10,000 elements again and again, in single instructions that each take long: the deadline must end it.
;; expect: DEADLINE
(module
  (memory (export "memory") 1)
  (table $wide 10000 funcref)
  (elem declare func $self)
  (func $self)
  (func (export "_start")
    (loop $again
      (table.fill $wide (i32.const 0) (ref.func $self) (i32.const 10000))
      (table.fill $wide (i32.const 0) (ref.null func) (i32.const 10000))
      (br $again))))
