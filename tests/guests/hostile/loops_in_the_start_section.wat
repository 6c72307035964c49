;; Loops in its start function, writing as it goes: limits must be armed before anything of it runs.
;; expect: DEADLINE
(module
  (memory (export "memory") 1)
  (func $before
    (loop $again
      (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (i64.const 1)))
      (br $again)))
  (start $before)
  (func (export "_start")))
