;; Each symbolic link leads eight folders below the one before: short paths lead far down.
;; expect: LIMIT | DEADLINE | OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "l0/d/d/d/d/d/d/d/d")
  (data (i32.const 288) "l0")
  (data (i32.const 304) ".")
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  (func (export "_start") (local $length i32)
    (call $folder)
    ;; At 4096 a link and its folders: "l0/d/d/d/d/d/d/d/d", at 8192 the next link: "l1"
    (memory.copy (i32.const 4096) (i32.const 256) (i32.const 18) (; l0/d/d/d/d/d/d/d/d ;))
    (memory.copy (i32.const 8192) (i32.const 288) (i32.const 2) (; l0 ;))
    (drop (call $path_symlink (i32.const 304) (i32.const 1) (; . ;) (i32.const 3) (i32.const 288) (i32.const 2) (; l0 ;)))
    (loop $link
      (local.set $length (i32.const 4))
      (loop $deeper
        (if (call $path_create_directory (i32.const 3) (i32.const 4096) (local.get $length)) (then (return)))
        (br_if $deeper (i32.le_u (local.tee $length (i32.add (local.get $length) (i32.const 2))) (i32.const 18))))
      (i32.store8 (i32.const 8193) (i32.add (i32.load8_u (i32.const 8193)) (i32.const 1)))
      (drop (call $path_symlink (i32.const 4096) (i32.const 18) (i32.const 3) (i32.const 8192) (i32.const 2)))
      (i32.store8 (i32.const 4097) (i32.load8_u (i32.const 8193)))
      (br_if $link (i32.lt_u (i32.load8_u (i32.const 8193)) (i32.const 110))))))
