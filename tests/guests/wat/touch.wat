;; Asks for memory page by page and writes to all of it, until there is no more.
(module
  (memory (export "memory") 1)
  (func (export "_start") (local $page i32)
    (loop $more
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.eq (local.get $page) (i32.const -1)) (then (return)))
      (memory.fill
        (i32.mul (local.get $page) (i32.const 65536)) (i32.const 7) (i32.const 65536))
      (br $more))))
