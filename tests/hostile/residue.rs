//! Pairs of guests in the same slot: the first fills what it has with a word nobody could
//! guess, the second looks for anything that is not zero.

use super::dice::Dice;
use super::library::{Given, Library};
use super::row::{Class, Row};
use podhook_sandbox::Profile;

pub(crate) fn run(pairs: usize) -> Vec<String> {
    let mut dice = Dice::new();
    let libraries = [Profile::pooled(1), Profile::pooled(4), Profile::one_shot()].map(Library::new);
    let reader = row("looks", READER, Class::Ok);
    let mut failures = Vec::new();
    for _ in 0..pairs {
        let library = dice.pick(&libraries);
        let (end, class) = *dice.pick(&[
            ("unreachable", Class::Trap),
            ("(call $exit (i32.const 0))", Class::Ok),
            ("(loop (br 0))", Class::Deadline),
        ]);
        let text = WRITER.replace("WORD", &format!("0x{:016x}", dice.number() | 1));
        let writer = row("leaves", &text.replace("END", end), class);
        let given = Given {
            fuel: Some(30_000_000),
            ..Given::SUITE
        };
        for row in [&writer, &reader] {
            failures.extend(library.run(row, given).1.err());
        }
    }
    println!("{pairs} pairs, {} hits or failures", failures.len());
    failures
}

fn row(name: &str, text: &str, class: Class) -> Row {
    Row {
        bytes: wat::parse_str(text).unwrap(),
        ..Row::named(name, class)
    }
}

/// Its first pages, pages it grows by, a table and the stack.
const WRITER: &str = r#"(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)
  (table $table 64 funcref)
  (elem declare func $deep)
  (func $deep (param $left i32) (result i64) (local i64 i64 i64 i64)
    (local.set 1 (i64.const WORD)) (local.set 2 (i64.const WORD))
    (local.set 3 (i64.const WORD)) (local.set 4 (i64.const WORD))
    (if (result i64) (local.get $left)
      (then (i64.add (call $deep (i32.sub (local.get $left) (i32.const 1)))
        (i64.xor (local.get 1) (i64.and (local.get 2) (i64.or (local.get 3) (local.get 4))))))
      (else (i64.const 1))))
  (func (export "_start") (local $at i32)
    (drop (memory.grow (i32.const 4)))
    (loop $next
      (i64.store (local.get $at) (i64.const WORD))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 524288))))
    (local.set $at (i32.const 0))
    (loop $next
      (table.set $table (local.get $at) (ref.func $deep))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 64))))
    (drop (call $deep (i32.const 500)))
    END))"#;

/// Exits with 99 where there is something.
const READER: &str = r#"(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)
  (table $table 64 funcref)
  (func (export "_start") (local $at i32)
    (drop (memory.grow (i32.const 4)))
    (loop $next
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (call $exit (i32.const 99))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 524288))))
    (local.set $at (i32.const 0))
    (loop $next
      (if (i32.eqz (ref.is_null (table.get $table (local.get $at))))
        (then (call $exit (i32.const 99))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 64))))))"#;
