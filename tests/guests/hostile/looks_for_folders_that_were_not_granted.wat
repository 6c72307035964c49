;; Without a grant, goes through a thousand handles for a folder: there must be none.
;; expect: OK
(module
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) ".")
  (data (i32.const 272) "/")
  (data (i32.const 288) "/etc/passwd")
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  ;; The new handle is left at 8.
  (func $open (param $dir i32) (param $path i32) (param $length i32) (param $how i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $length)
      (local.get $how) (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 8)))
  (func (export "_start") (local $handle i32)
    (local.set $handle (i32.const 3))
    (loop $next
      (call $denied (call $fd_prestat_get (local.get $handle) (i32.const 0)))
      (call $denied (call $open (local.get $handle) (i32.const 256) (i32.const 1) (; . ;) (i32.const 2) (i64.const 2)))
      (call $denied (call $fd_fdstat_get (local.get $handle) (i32.const 64)))
      (br_if $next (i32.lt_u (local.tee $handle (i32.add (local.get $handle) (i32.const 1))) (i32.const 1000))))
    (call $denied (call $open (i32.const 0) (i32.const 272) (i32.const 1) (; / ;) (i32.const 2) (i64.const 2)))
    (call $denied (call $open (i32.const 1) (i32.const 256) (i32.const 1) (; . ;) (i32.const 2) (i64.const 2)))
    (call $denied (call $open (i32.const -1) (i32.const 288) (i32.const 11) (; /etc/passwd ;) (i32.const 0) (i64.const 2)))
    ;; What Unix means by the working directory.
    (call $denied (call $open (i32.const -100) (i32.const 288) (i32.const 11) (; /etc/passwd ;) (i32.const 0) (i64.const 2)))))
