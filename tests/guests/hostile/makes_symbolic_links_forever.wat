;; Makes symbolic links with long texts for ever.
;; expect: LIMIT | DEADLINE
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Eight letters that differ for each number, at an address.
  (func $number (param $at i32) (param $number i32) (local $left i32)
    (local.set $left (i32.const 8))
    (loop $digit
      (i32.store8 (local.get $at) (i32.add (i32.const 97) (i32.and (local.get $number) (i32.const 15))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $number (i32.shr_u (local.get $number) (i32.const 4)))
      (br_if $digit (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "_start") (local $turn i32)
    (call $folder)
    (memory.fill (i32.const 8192) (i32.const 120) (i32.const 4000))
    (loop $again
      (call $number (i32.const 4096) (local.get $turn))
      (drop (call $path_symlink (i32.const 8192) (i32.const 4000) (i32.const 3) (i32.const 4096) (i32.const 8)))
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (br $again))))
