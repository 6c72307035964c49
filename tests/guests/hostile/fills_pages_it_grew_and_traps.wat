;; Grows from one page to 16 MiB and a table to 9,000 elements, fills both with a pattern and traps.
;; expect: TRAP
;; pool: writer
(module
  (memory (export "memory") 1)
  (table $functions 1 funcref)
  (elem declare func $self)
  (func $self)
  (func (export "_start")
    (if (i32.eq (memory.grow (i32.const 255)) (i32.const -1)) (then (return)))
    (if (i32.eq (table.grow $functions (ref.func $self) (i32.const 8999)) (i32.const -1)) (then (return)))
    (memory.fill (i32.const 0) (i32.const 0x5a) (i32.const 16777216))
    (i64.store (i32.const 0) (i64.div_s (i64.const 1) (i64.const 0)))))
