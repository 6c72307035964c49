;; Asks for 256 MiB before anything of it runs.
(module
  (memory (export "memory") 4096)
  (func (export "_start")))
