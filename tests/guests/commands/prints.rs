//! Prints N lines to stdout and one to stderr, and says what it read from stdin.

use std::io::{Read, Write};

fn main() {
    let count: u32 = std::env::args()
        .nth(1)
        .map_or(1, |n| n.parse().expect("a number"));
    let mut out = std::io::stdout().lock();
    for line in 0..count {
        writeln!(out, "line {line:06}").expect("stdout");
    }
    let mut read = String::new();
    std::io::stdin().read_to_string(&mut read).expect("stdin");
    eprintln!("read {} bytes", read.len());
}
