;; Takes three random bytes at a time, for ever: they are counted over the whole run.
;; expect: LIMIT | DEADLINE
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again (drop (call $random_get (i32.const 64) (i32.const 3))) (br $again))))
