;; The name of its import would clear a terminal, and forge a line: what is said of it must be escaped.
;; expect: INVALID
(module
  (import "env\0a{\22level\22:\22error\22}" "\1b[2J\1b]0;title\07\0d\e2\80\aeright to left" (func))
  (memory (export "memory") 1)
  (func (export "_start")))
