;; All of 16 MiB is a list of two million buffers, each of which is that memory: less may be written than it says.
;; expect: OK | TRAP | LIMIT | DEADLINE
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 256)
  (func (export "_start") (local $at i32)
    (loop $pair
      (i32.store offset=4 (local.get $at) (i32.const 16777216))
      (br_if $pair (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 16777216))))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 2097152) (i32.const 24)))))
