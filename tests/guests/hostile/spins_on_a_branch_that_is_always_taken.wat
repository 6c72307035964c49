;; Divides and branches for ever, with a condition that only looks as if it could change: the deadline must end it.
;; expect: DEADLINE
(module
  (memory (export "memory") 1)
  (func (export "_start") (local $value i32)
    (loop $again
      (local.set $value (i32.div_u (i32.const 1000) (i32.or (local.get $value) (i32.const 1))))
      (br_if $again (i32.ge_u (local.get $value) (i32.const 0))))))
