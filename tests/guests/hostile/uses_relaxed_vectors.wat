;; An instruction whose result may differ from machine to machine.
;; expect: INVALID
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (f32x4.relaxed_madd (v128.const i64x2 1 2) (v128.const i64x2 3 4) (v128.const i64x2 5 6)))))
