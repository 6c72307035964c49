;; Unlinks files outside of what it was granted, and folders as if they were files.
;; expect: OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "../secret.txt")
  (data (i32.const 272) "sub/../../secret.txt")
  (data (i32.const 304) "/etc/hostname")
  (data (i32.const 320) ".")
  (data (i32.const 336) "..")
  (data (i32.const 352) "sub")
  (data (i32.const 368) "sub/")
  (data (i32.const 384) "../")
  (data (i32.const 400) "hello.txt/")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start")
    (call $folder)
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 256) (i32.const 13) (; ../secret.txt ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 272) (i32.const 20) (; sub/../../secret.txt ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 304) (i32.const 13) (; /etc/hostname ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 320) (i32.const 1) (; . ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 336) (i32.const 2) (; .. ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 352) (i32.const 3) (; sub ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 368) (i32.const 4) (; sub/ ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 384) (i32.const 3) (; ../ ;)))
    (call $denied (call $path_unlink_file (i32.const 3) (i32.const 400) (i32.const 10) (; hello.txt/ ;)))))
