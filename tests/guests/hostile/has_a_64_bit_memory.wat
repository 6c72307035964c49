;; A memory with addresses of 64 bits.
;; expect: INVALID
(module
  (memory (export "memory") i64 1)
  (func (export "_start") (drop (i32.load (i64.const 0x100000000)))))
