;; Asks the host for a memory and a table.
;; expect: INVALID
(module
  (import "env" "memory" (memory 1))
  (import "env" "__indirect_function_table" (table 1 funcref))
  (export "memory" (memory 0))
  (func (export "_start")))
