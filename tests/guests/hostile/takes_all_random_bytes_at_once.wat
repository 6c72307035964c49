;; Asks for 64 MiB of random bytes that its memory has room for: more than a run is given.
;; expect: LIMIT
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1026)
  (func (export "_start")
    (drop (call $random_get (i32.const 65536) (i32.const 67108864)))))
