;; Writes 1 MiB of zeros to stdout, and 16 bytes of text behind it.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 65536) "the end of it  .")
  (func $print (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") (local $left i32)
    (local.set $left (i32.const 256))
    (loop $again
      (call $print (i32.const 16) (i32.const 4096))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $print (i32.const 65536) (i32.const 16))))
