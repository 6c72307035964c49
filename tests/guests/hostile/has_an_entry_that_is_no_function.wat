;; Exports a global where its entry should be.
;; expect: INVALID
(module
  (memory (export "memory") 1)
  (global (export "_start") i32 (i32.const 7)))
