;; Swaps a folder for a link that leads out, again and again, and opens through it each time: never may it be outside.
;; expect: DEADLINE | LIMIT | OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $path_remove_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "door")
  (data (i32.const 272) "door/secret.txt")
  (data (i32.const 288) "..")
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
    (loop $again
      (drop (call $path_create_directory (i32.const 3) (i32.const 256) (i32.const 4) (; door ;)))
      (drop (call $open (i32.const 3) (i32.const 272) (i32.const 15) (; door/secret.txt ;) (i32.const 0) (i64.const 2)))
      (drop (call $path_remove_directory (i32.const 3) (i32.const 256) (i32.const 4) (; door ;)))
      (drop (call $path_symlink (i32.const 288) (i32.const 2) (; .. ;) (i32.const 3) (i32.const 256) (i32.const 4) (; door ;)))
      (call $denied (call $open (i32.const 3) (i32.const 272) (i32.const 15) (; door/secret.txt ;) (i32.const 0) (i64.const 2)))
      (call $denied (call $open (i32.const 3) (i32.const 256) (i32.const 4) (; door ;) (i32.const 2) (i64.const 2)))
      (drop (call $path_unlink_file (i32.const 3) (i32.const 256) (i32.const 4) (; door ;)))
      (br $again))))
