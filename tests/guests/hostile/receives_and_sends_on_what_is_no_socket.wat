;; Receives and sends on its streams, last with flags that there are not: error numbers or a trap.
;; expect: OK | TRAP | INVALID
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; Whatever was tried must not have succeeded.
  (func $denied (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then (call $proc_exit (i32.const 99)))))
  (func (export "_start") (local $handle i32)
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.const 64))
    (loop $each
      (call $denied (call $sock_recv (local.get $handle) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 24) (i32.const 28)))
      (call $denied (call $sock_send (local.get $handle) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 24)))
      (br_if $each (i32.lt_u (local.tee $handle (i32.add (local.get $handle) (i32.const 1))) (i32.const 8))))
    (call $denied (call $sock_recv (i32.const 1) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const 24) (i32.const 28)))
    (call $denied (call $sock_send (i32.const -1) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 24)))))
