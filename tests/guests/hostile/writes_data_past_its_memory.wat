;; A data segment that begins inside of memory and ends outside: it traps, and what was in front is not run.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (data (i32.const 65530) "ten bytes.")
  (func (export "_start")))
