;; Lists a folder into buffers of 0 to 40 bytes, from positions that there are not.
;; expect: OK
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  (func (export "_start") (local $size i32)
    (call $folder)
    (loop $each
      (drop (call $fd_readdir (i32.const 3) (i32.const 4096) (local.get $size) (i64.const 0) (i32.const 24)))
      (if (i32.gt_u (i32.load (i32.const 24)) (local.get $size)) (then (call $proc_exit (i32.const 99))))
      (drop (call $fd_readdir (i32.const 3) (i32.const 4096) (local.get $size) (i64.extend_i32_u (local.get $size)) (i32.const 24)))
      (drop (call $fd_readdir (i32.const 3) (i32.const 4096) (local.get $size) (i64.const -1) (i32.const 24)))
      (drop (call $fd_readdir (i32.const 3) (i32.const 4096) (local.get $size) (i64.const 0x7fffffffffffffff) (i32.const 24)))
      (br_if $each (i32.lt_u (local.tee $size (i32.add (local.get $size) (i32.const 1))) (i32.const 40))))))
