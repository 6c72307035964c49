;; Has its memory from outside, shared.
;; expect: INVALID
(module
  (import "env" "memory" (memory 1 2 shared))
  (func (export "_start")))
