;; Traps in its start function: that is its own fault, not an invalid module.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (func $before (drop (i32.load (i32.const 65536))))
  (start $before)
  (func (export "_start")))
