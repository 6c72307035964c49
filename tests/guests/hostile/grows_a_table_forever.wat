;; Grows two tables in turn, for ever: they are charged as memory is.
;; expect: OOM | DEADLINE
(module
  (memory (export "memory") 1)
  (table $one 1 funcref)
  (table $two 1 funcref)
  (func (export "_start")
    (loop $more
      (drop (table.grow $one (ref.null func) (i32.const 4096)))
      (drop (table.grow $two (ref.null func) (i32.const 1)))
      (br $more))))
