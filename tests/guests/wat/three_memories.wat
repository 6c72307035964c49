;; Three memories of 48 MiB each: over 128 MiB only when they are summed.
(component
  (core module $m
    (memory 768)
    (func (export "run") (result i32) (i32.const 0)))
  (core instance $one (instantiate $m))
  (core instance $two (instantiate $m))
  (core instance $three (instantiate $m))
  (func $run (result (result)) (canon lift (core func $one "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
