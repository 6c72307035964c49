;; Declares a memory of 4 GiB: it must be refused or end as out of memory before it is there.
;; expect: OOM | INVALID
(module
  (memory (export "memory") 65536)
  (func (export "_start")))
