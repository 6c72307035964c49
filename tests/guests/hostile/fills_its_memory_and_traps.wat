;; Fills 16 MiB, a table and a global with a pattern, and traps: whoever has the slot next must find none of it.
;; expect: TRAP
;; pool: writer
(module
  (memory (export "memory") 256)
  (table $functions 9000 funcref)
  (global $left (mut i64) (i64.const 0))
  (elem declare func $self)
  (func $self)
  (func (export "_start")
    (memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 16777216))
    (table.fill $functions (i32.const 0) (ref.func $self) (i32.const 9000))
    (global.set $left (i64.const -1))
    unreachable))
