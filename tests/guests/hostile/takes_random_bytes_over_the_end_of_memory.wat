;; Asks, again and again, for 63 MiB of random bytes with room for one page: the host must not make them first.
;; expect: TRAP | LIMIT
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again (drop (call $random_get (i32.const 65000) (i32.const 66060288))) (br $again))))
