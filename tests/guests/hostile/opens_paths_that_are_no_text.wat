;; Paths with a zero byte, of bytes that are no UTF-8, empty, and of the separator alone: refused, without a panic.
;; expect: OK
;; grant: ro
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "hello.txt\00")
  (data (i32.const 272) "hello.txt\00/../../secret.txt")
  (data (i32.const 304) "\00/etc/passwd")
  (data (i32.const 320) "\ff\fe\fd")
  (data (i32.const 336) "sub/\c0\ae\c0\ae/\c0\ae\c0\ae/secret.txt")
  (data (i32.const 368) "\ed\a0\80")
  (data (i32.const 384) "\2e\2e\5csecret.txt")
  (data (i32.const 400) "...")
  (data (i32.const 416) "//////")
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
  (func (export "_start")
    (call $folder)
    (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 10) (; hello.txt\00 ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 272) (i32.const 27) (; hello.txt\00/../../secret.txt ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 304) (i32.const 12) (; \00/etc/passwd ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 320) (i32.const 3) (; \ff\fe\fd ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 336) (i32.const 24) (; sub/\c0\ae\c0\ae/\c0\ae\c0\ae/secret.txt ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 368) (i32.const 3) (; \ed\a0\80 ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 384) (i32.const 13) (; \2e\2e\5csecret.txt ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 400) (i32.const 3) (; ... ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 416) (i32.const 6) (; ////// ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 0) (i32.const 0) (i64.const 2)))))
