;; Makes a hard link to a symbolic link that leads out, both followed and not, and opens it.
;; expect: OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "../secret.txt")
  (data (i32.const 272) "soft")
  (data (i32.const 288) "hard")
  (data (i32.const 304) "harder")
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
    (drop (call $path_symlink (i32.const 256) (i32.const 13) (; ../secret.txt ;) (i32.const 3) (i32.const 272) (i32.const 4) (; soft ;)))
    (drop (call $path_link (i32.const 3) (i32.const 0) (i32.const 272) (i32.const 4) (; soft ;) (i32.const 3) (i32.const 288) (i32.const 4) (; hard ;)))
    (call $denied (call $path_link (i32.const 3) (i32.const 1) (i32.const 272) (i32.const 4) (; soft ;) (i32.const 3) (i32.const 304) (i32.const 6) (; harder ;)))
    (call $denied (call $open (i32.const 3) (i32.const 272) (i32.const 4) (; soft ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 288) (i32.const 4) (; hard ;) (i32.const 0) (i64.const 2)))
    (call $denied (call $open (i32.const 3) (i32.const 304) (i32.const 6) (; harder ;) (i32.const 0) (i64.const 2)))))
