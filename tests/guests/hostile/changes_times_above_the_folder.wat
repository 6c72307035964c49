;; Sets the times of what is outside.
;; expect: OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times" (func $path_filestat_set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "../secret.txt")
  (data (i32.const 272) "..")
  (data (i32.const 288) "sub/../..")
  (data (i32.const 304) "/etc/passwd")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start")
    (call $folder)
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 13) (; ../secret.txt ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 1) (i32.const 256) (i32.const 13) (; ../secret.txt ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 0) (i32.const 272) (i32.const 2) (; .. ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 1) (i32.const 272) (i32.const 2) (; .. ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 0) (i32.const 288) (i32.const 9) (; sub/../.. ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 1) (i32.const 288) (i32.const 9) (; sub/../.. ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 0) (i32.const 304) (i32.const 11) (; /etc/passwd ;) (i64.const 1) (i64.const 1) (i32.const 5)))
    (call $denied (call $path_filestat_set_times (i32.const 3) (i32.const 1) (i32.const 304) (i32.const 11) (; /etc/passwd ;) (i64.const 1) (i64.const 1) (i32.const 5)))))
