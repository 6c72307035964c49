;; Paths as long as its memory, of one name, of dots, and of steps up and down: refused, in bounded time.
;; expect: OK
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 3)
  (data (i32.const 256) "sub/../")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  ;; The new handle is left at 8.
  (func $open (param $dir i32) (param $path i32) (param $length i32) (param $how i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $length)
      (local.get $how) (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 8)))
  (func (export "_start") (local $at i32)
    (call $folder)
    (memory.fill (i32.const 65536) (i32.const 97) (i32.const 65536))
    (call $denied (call $open (i32.const 3) (i32.const 65536) (i32.const 65536) (i32.const 0) (i64.const 2)))
    ;; "sub/../" as often as it fits
    (loop $fill
      (memory.copy (i32.add (i32.const 65536) (local.get $at)) (i32.const 256) (i32.const 7) (; sub/../ ;))
      (br_if $fill (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 7))) (i32.const 65520))))
    (call $denied (call $open (i32.const 3) (i32.const 65536) (i32.const 65527) (i32.const 2) (i64.const 2)))
    (memory.fill (i32.const 65536) (i32.const 46) (i32.const 65536))
    (call $denied (call $open (i32.const 3) (i32.const 65536) (i32.const 65536) (i32.const 0) (i64.const 2)))
    (call $denied (call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 65536) (i32.const 65536) (i32.const 64)))))
