;; Puts a function behind a table's end.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (table $short 3 funcref)
  (elem declare func $self)
  (func $self)
  (func (export "_start") (table.set $short (i32.const -1) (ref.func $self))))
