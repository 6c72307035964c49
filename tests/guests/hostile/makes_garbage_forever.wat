;; Makes arrays that a collector would have to find: there is none.
;; expect: INVALID
(module
  (type $numbers (array (mut i64)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (drop (array.new $numbers (i64.const 1) (i32.const 100000)))
      (br $again))))
