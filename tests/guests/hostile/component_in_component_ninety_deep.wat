;; Components in each other, ninety deep: refused or run, in bounded time.
;; expect: INVALID | LIMIT | OK
(component
  (component (component (component (component (component (component (component (component (component (component (component (component (component (component (component 
  (component (component (component (component (component (component (component (component (component (component (component (component (component (component (component 
  (component (component (component (component (component (component (component (component (component (component (component (component (component (component (component 
  (component (component (component (component (component (component (component (component (component (component (component (component (component (component (component 
  (component (component (component (component (component (component (component (component (component (component (component (component (component (component (component 
  (component (component (component (component (component (component (component (component (component (component (component (component (component (component (component 
  )))))))))))))))
  )))))))))))))))
  )))))))))))))))
  )))))))))))))))
  )))))))))))))))
  )))))))))))))))
  (core module $m (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $m))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $entry (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $entry)))
