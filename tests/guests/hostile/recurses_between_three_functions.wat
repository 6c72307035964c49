;; Three functions call each other in a circle, not in tail position.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (func $first (result i32) (i32.add (call $second) (i32.const 1)))
  (func $second (result i32) (i32.mul (call $third) (i32.const 3)))
  (func $third (result i32) (i32.xor (call $first) (i32.const 5)))
  (func (export "_start") (drop (call $first))))
