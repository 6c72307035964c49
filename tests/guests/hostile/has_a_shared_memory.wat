;; A memory of its own that threads could share.
;; expect: INVALID
(module
  (memory (export "memory") 1 16 shared)
  (func (export "_start") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))
