;; Computes for ever before its entry is called: limits must hold by then.
(module
  (memory (export "memory") 1)
  (func $start (loop $again (br $again)))
  (func (export "_start"))
  (start $start))
