;; Grows its table, for ever.
(module
  (memory (export "memory") 1)
  (table 0 funcref)
  (func (export "_start")
    (loop $again
      (drop (table.grow (ref.null func) (i32.const 1000)))
      (br $again))))
