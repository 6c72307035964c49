;; Calls itself through a table, so that no compiler sees the circle.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (type $step (func (param i32) (result i32)))
  (table 2 2 funcref)
  (elem (i32.const 0) $even $odd)
  (func $even (type $step)
    (i32.add (i32.const 2) (call_indirect (type $step) (local.get 0) (i32.const 1))))
  (func $odd (type $step)
    (i32.sub (call_indirect (type $step) (local.get 0) (i32.const 0)) (i32.const 1)))
  (func (export "_start") (drop (call $even (i32.const 0)))))
