;; Recurses to its stack's end with values that would be known again.
;; expect: TRAP
;; pool: writer
(module
  (memory (export "memory") 1)
  (func $down (param $a i64) (param $b i64) (param $c i64) (result i64)
    (i64.xor
      (call $down (i64.rotl (local.get $c) (i64.const 1)) (local.get $a) (local.get $b))
      (i64.add (local.get $a) (i64.mul (local.get $b) (local.get $c)))))
  (func (export "_start")
    (drop (call $down (i64.const 0xa5a5a5a5a5a5a5a5) (i64.const 0x5a5a5a5a5a5a5a5a) (i64.const 0xc3c3c3c3c3c3c3c3)))))
