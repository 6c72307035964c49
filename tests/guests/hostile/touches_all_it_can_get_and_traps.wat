;; Grows in large steps until it is refused, writes to each page and traps: what is reported must be the memory.
;; expect: OOM
(module
  (memory (export "memory") 1)
  (func (export "_start") (local $at i32)
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 37)) (i32.const -1))))
    (loop $touch
      (i32.store (local.get $at) (i32.const 0xdead))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $touch (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
    unreachable))
