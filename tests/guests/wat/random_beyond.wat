;; Asks for 4 GiB of random bytes, which its memory has no room for.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $random (i32.const 16) (i32.const -1)))))
