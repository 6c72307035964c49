;; Grows by a page and writes to its last byte, for ever, whatever it is told.
;; expect: OOM | DEADLINE
(module
  (memory (export "memory") 1)
  (func (export "_start") (local $page i32)
    (loop $more
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.ne (local.get $page) (i32.const -1))
        (then
          (i32.store8 offset=65535 (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))))
      (br $more))))
