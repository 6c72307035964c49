;; Declares a table that would take more than a gigabyte: refused, or out of memory.
;; expect: OOM | INVALID
(module
  (memory (export "memory") 1)
  (table 100000000 funcref)
  (func (export "_start")))
