;; Asks for the interface before preview 1, and would poll in a loop.
;; expect: INVALID
(module
  (import "wasi_unstable" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (drop (call $poll (i32.const 0) (i32.const 512) (i32.const 2) (i32.const 1024)))
      (br $again))))
