;; Says that it waits for 2^32 - 1 events: the host must not make room for them.
;; expect: TRAP | OK | LIMIT
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $poll_oneoff (i32.const 0) (i32.const 32768) (i32.const -1) (i32.const 24)))))
