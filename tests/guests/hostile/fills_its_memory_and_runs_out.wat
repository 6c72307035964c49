;; Fills 16 MiB with a pattern and asks for more than it may have: the slot must be cleaned on this way too.
;; expect: OOM
;; pool: writer
(module
  (memory (export "memory") 256)
  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 0x3c) (i32.const 16777216))
    (drop (memory.grow (i32.const 60000)))
    unreachable))
