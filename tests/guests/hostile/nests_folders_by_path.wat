;; Makes folders by paths that become longer by a folder each time, until it is told no.
;; expect: LIMIT | DEADLINE | OK
;; grant: rw
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $folder
    (if (call $fd_prestat_get (i32.const 3) (i32.const 0))
      (then (call $proc_exit (i32.const 97)))))
  (func (export "_start") (local $length i32)
    (call $folder)
    (loop $fill
      (i32.store16 (i32.add (i32.const 4096) (local.get $length)) (i32.const 0x2f64))
      (br_if $fill (i32.lt_u (local.tee $length (i32.add (local.get $length) (i32.const 2))) (i32.const 32768))))
    (local.set $length (i32.const 1))
    (loop $deeper
      (if (call $path_create_directory (i32.const 3) (i32.const 4096) (local.get $length)) (then (return)))
      (local.set $length (i32.add (local.get $length) (i32.const 2)))
      (br_if $deeper (i32.lt_u (local.get $length) (i32.const 32768))))))
