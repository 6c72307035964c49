;; Raises every signal there is and some that are not: none may reach the host.
;; expect: OK | TRAP | INVALID
(module
  (import "wasi_snapshot_preview1" "proc_raise" (func $proc_raise (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $signal i32)
    (loop $each
      (drop (call $proc_raise (local.get $signal)))
      (br_if $each (i32.lt_u (local.tee $signal (i32.add (local.get $signal) (i32.const 1))) (i32.const 64))))
    (drop (call $proc_raise (i32.const -1)))))
