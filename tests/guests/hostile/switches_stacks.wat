;; Makes a continuation and resumes it.
;; expect: INVALID
(module
  (type $nothing (func))
  (type $paused (cont $nothing))
  (elem declare func $body)
  (func $body)
  (memory (export "memory") 1)
  (func (export "_start") (resume $paused (cont.new $paused (ref.func $body)))))
