;; A struct that refers to itself, and a call through a typed reference.
;; expect: INVALID
(module
  (rec (type $node (struct (field (ref null $node)))))
  (type $nothing (func))
  (memory (export "memory") 1)
  (func (export "_start") (call_ref $nothing (ref.null $nothing))))
