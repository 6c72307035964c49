;; Does nothing: if this does not succeed, no other result here says anything.
;; expect: OK
(module
  (memory (export "memory") 1)
  (func (export "_start")))
