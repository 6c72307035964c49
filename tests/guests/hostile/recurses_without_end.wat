;; Calls itself, with much to remember at every depth: the guest's stack ends, not the host's.
;; expect: TRAP
(module
  (memory (export "memory") 1)
  (func $down (param $a i64) (param $b i64) (param $c i64) (param $d i64) (result i64)
    (i64.add
      (i64.mul (local.get $a) (local.get $b))
      (i64.add
        (call $down (local.get $d) (local.get $c) (local.get $b) (i64.add (local.get $a) (i64.const 1)))
        (i64.xor (local.get $c) (local.get $d)))))
  (func (export "_start")
    (drop (call $down (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))))
