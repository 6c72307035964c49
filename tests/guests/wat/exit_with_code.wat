;; A component that says its exit status through `exit-with-code`.
(component
  (import "wasi:cli/exit@0.2.12"
    (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
  (core module $m
    (import "host" "exit" (func $exit (param i32)))
    (func (export "run") (result i32)
      (call $exit (i32.const 42))
      (i32.const 0)))
  (core func $lowered (canon lower (func $exit "exit-with-code")))
  (core instance $i (instantiate $m
    (with "host" (instance (export "exit" (func $lowered))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
