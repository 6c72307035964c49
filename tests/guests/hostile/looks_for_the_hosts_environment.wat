;; Looks for variables of the host's own process: none may be there.
;; expect: OK
(module
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 2)
  ;; Without this the rest says nothing.
  (func $needed (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (i32.const 98)))))
  (func (export "_start") (local $left i32) (local $at i32) (local $word i32)
    (call $needed (call $environ_sizes_get (i32.const 16) (i32.const 20)))
    (if (i32.gt_u (i32.add (i32.mul (i32.load (i32.const 16)) (i32.const 4)) (i32.load (i32.const 20))) (i32.const 60000))
      (then (call $proc_exit (i32.const 99))))
    (call $needed (call $environ_get (i32.const 4096) (i32.add (i32.const 4096) (i32.mul (i32.load (i32.const 16)) (i32.const 4)))))
    (local.set $left (i32.load (i32.const 16)))
    (local.set $at (i32.const 4096))
    (block $done
      (loop $variable
        (br_if $done (i32.eqz (local.get $left)))
        ;; "PATH", "HOME", "KUBE"
        (local.set $word (i32.load align=1 (i32.load (local.get $at))))
        (if (i32.or (i32.eq (local.get $word) (i32.const 0x48544150))
              (i32.or (i32.eq (local.get $word) (i32.const 0x454d4f48)) (i32.eq (local.get $word) (i32.const 0x4542554b))))
          (then (call $proc_exit (i32.const 99))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $variable)))))
