;; Two functions call each other in tail position for ever: no stack grows, and the deadline must end it.
;; expect: DEADLINE | INVALID
(module
  (memory (export "memory") 1)
  (func $tick (param i64) (return_call $tock (i64.add (local.get 0) (i64.const 1))))
  (func $tock (param i64) (return_call $tick (i64.sub (local.get 0) (i64.const 1))))
  (func (export "_start") (call $tick (i64.const 0))))
