;; Takes an element from behind a table's end.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (table $short 3 funcref)
  (func (export "_start") (drop (table.get $short (i32.const 3)))))
