;; Uses its streams and handles that are not there as sockets: error numbers, or a trap for flags that there are not.
;; expect: OK | TRAP | INVALID
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $sock_shutdown (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start") (local $handle i32)
    (loop $each
      (call $denied (call $sock_accept (local.get $handle) (i32.const 0) (i32.const 24)))
      (call $denied (call $sock_shutdown (local.get $handle) (i32.const 3)))
      (br_if $each (i32.lt_u (local.tee $handle (i32.add (local.get $handle) (i32.const 1))) (i32.const 64))))
    (call $denied (call $sock_accept (i32.const -1) (i32.const -1) (i32.const 24)))))
