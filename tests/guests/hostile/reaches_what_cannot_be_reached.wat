;; Comes to an unreachable instruction behind a call to the host.
;; expect: TRAP
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $yield))
    unreachable))
