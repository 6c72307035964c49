//! Hostile guests, through the library, in one process: what must hold of the host.
//!
//! ```text
//! cargo run --release --example hostile -- suite             every guest once, in both profiles
//! cargo run --release --example hostile -- soak 100000       guests in any order
//! cargo run --release --example hostile -- residue 10000     pairs: one leaves something, one looks
//! cargo run --release --example hostile -- loops 1000        endless loops at the same time
//! cargo run --release --example hostile -- deadlines 10000   how late deadlines come
//! cargo run --release --example hostile -- smith 20000       made-up modules, and by the command
//! ```
//!
//! Prints figures, and what does not hold on stderr; exits 1 then. `suite` is run by the
//! tests, the others by hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "hostile/dice.rs"]
mod dice;
#[path = "hostile/library.rs"]
mod library;
#[path = "hostile/loops.rs"]
mod loops;
#[path = "hostile/place.rs"]
mod place;
#[path = "hostile/residue.rs"]
mod residue;
#[path = "hostile/row.rs"]
mod row;
#[path = "hostile/smith.rs"]
mod smith;
#[path = "hostile/soak.rs"]
mod soak;
#[path = "hostile/suite.rs"]
mod suite;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/hostile");
    let words: Vec<String> = std::env::args().skip(1).collect();
    let count = words.get(1).map_or(0, |word| word.parse().unwrap());
    let failures = match words.first().map(String::as_str) {
        Some("suite") => suite::run(&row::rows(&guests)),
        Some("soak") => soak::run(&row::rows(&guests), count),
        Some("residue") => residue::run(count),
        Some("loops") => loops::run(count),
        Some("deadlines") => soak::deadlines(count),
        Some("smith") => smith::run(count),
        _ => panic!("suite, soak N, residue N, loops N, deadlines N or smith N"),
    };
    for failure in &failures {
        eprintln!("FAILED: {failure}");
    }
    match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
