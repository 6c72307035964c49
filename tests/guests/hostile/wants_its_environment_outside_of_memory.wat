;; Wants its environment at the last byte, its counts behind it.
;; expect: TRAP | OK
(module
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $environ_get (i32.const 65535) (i32.const 65535)))
    (drop (call $args_get (i32.const -4) (i32.const -1)))
    (drop (call $environ_sizes_get (i32.const 0x7ffffffc) (i32.const 0x7ffffff8)))))
