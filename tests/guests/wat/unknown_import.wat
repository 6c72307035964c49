;; Asks for a function that no host has.
(module
  (import "env" "mystery" (func))
  (memory (export "memory") 1)
  (func (export "_start")))
