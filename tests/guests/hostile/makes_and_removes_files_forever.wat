;; Makes a file and removes it, for ever: nothing is left of it but work.
;; expect: LIMIT | DEADLINE
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; The new handle is left at 8.
  (func $open (param $dir i32) (param $path i32) (param $length i32) (param $how i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $length)
      (local.get $how) (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 8)))
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
    (loop $again
      (call $number (i32.const 4096) (local.get $turn))
      (drop (call $open (i32.const 3) (i32.const 4096) (i32.const 8) (i32.const 5) (i64.const 66)))
      (drop (call $fd_close (i32.load (i32.const 8))))
      (drop (call $path_unlink_file (i32.const 3) (i32.const 4096) (i32.const 8)))
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (br $again))))
