//! How many instructions each stage of a warm run takes, beside the committed numbers.
//!
//! Counted by valgrind's callgrind, which does not mind what else the machine does: a
//! stage is repeated [`FEW`] and [`MANY`] times, each in a process of its own, and the
//! difference is what a repetition takes. What a process does once, and the kernel's part,
//! are in none of the numbers. A stage here is all that leads to it as well: `call` is
//! store, instantiate and call.
//!
//! ```text
//! cargo bench -p podhook-runner --bench instructions              prints
//! cargo bench -p podhook-runner --bench instructions -- --check   fails where a stage grew by over 5 %
//! cargo bench -p podhook-runner --bench instructions -- --update  writes tests/benches/instructions.json
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    missing_docs
)]

#[path = "hot_path/callgrind.rs"]
mod callgrind;
#[path = "hot_path/steps.rs"]
mod steps;

use callgrind::Counts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use steps::{Staged, Worker};

const FEW: u64 = 20;
const MANY: u64 = 220;

/// What may be more, in per cent: compilers, and hashes of random seed.
const TOLERANCE: f64 = 5.0;

/// Functions kept of a stage, those with the most instructions.
const KEPT: usize = 40;

const STAGES: [&str; 7] = [
    "store",
    "instantiate",
    "call",
    "report",
    "run",
    "wire",
    "event",
];

/// Where the numbers are that a change is compared with.
const COMMITTED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/benches/instructions.json"
);

/// Instructions of one repetition of a stage.
#[derive(Debug, Serialize, Deserialize)]
struct Stage {
    instructions: u64,
    /// Those of a function itself, not of what it calls.
    functions: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["--repeat", stage, times, cache] => {
            repeat(stage, times.parse().unwrap(), Path::new(cache));
            ExitCode::SUCCESS
        }
        _ if !callgrind::is_here() => {
            eprintln!("SKIPPED: instructions: there is no valgrind in PATH");
            ExitCode::SUCCESS
        }
        _ => compare(words.contains(&"--update"), words.contains(&"--check")),
    }
}

/// One stage, again and again.
fn repeat(stage: &str, times: u64, cache: &Path) {
    match stage {
        "run" => {
            let worker = Worker::new(Some(cache));
            (0..times).for_each(|_| drop(black_box(worker.run())));
        }
        "wire" => {
            let report = Worker::new(Some(cache)).a_report();
            (0..times).for_each(|_| drop(black_box(steps::wire(black_box(&report)))));
        }
        "event" => (0..times).for_each(|_| {
            let (machine, hook) = steps::stopping();
            black_box(steps::event(machine, hook));
        }),
        stage => {
            let staged = Staged::new(Some(cache));
            (0..times).for_each(|_| up_to(&staged, stage));
        }
    }
}

fn up_to(staged: &Staged, stage: &str) {
    let prepared = staged.store();
    if stage == "store" {
        return;
    }
    let instantiated = staged.instantiate(prepared);
    if stage == "instantiate" {
        return;
    }
    let ended = staged.call(instantiated);
    if stage == "report" {
        black_box(ended.report());
    }
}

fn compare(updates: bool, checks: bool) -> ExitCode {
    let workshop = tempfile::tempdir().unwrap();
    // Compiled under valgrind, whose processor is not this one, and by the first alone.
    let cache = workshop.path().join("cache");
    callgrind::count(&["--repeat", "run", "1", cache.to_str().unwrap()]);
    let now: BTreeMap<&str, Stage> = STAGES
        .into_iter()
        .map(|stage| (stage, measure(stage, &cache)))
        .collect();
    if updates {
        let text = serde_json::to_string_pretty(&now).unwrap();
        std::fs::write(COMMITTED, text + "\n").unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    let committed: BTreeMap<String, Stage> = serde_json::from_str(&committed).unwrap();
    let mut grown = Vec::new();
    println!("{:<12} {:>9} {:>9}", "instructions", "now", "committed");
    for stage in STAGES {
        let (now, then) = (&now[stage], &committed[stage]);
        let growth = per_cent(now.instructions, then.instructions);
        let (count, before) = (now.instructions, then.instructions);
        println!("{stage:<12} {count:>9} {before:>9} {growth:>+6.1} %");
        if growth > TOLERANCE {
            grown.push(format!(
                "{stage} grew by {growth:.1} %:{}",
                growers(now, then)
            ));
        }
    }
    match checks && !grown.is_empty() {
        true => {
            eprintln!("error: {}", grown.join("\nerror: "));
            ExitCode::FAILURE
        }
        false => ExitCode::SUCCESS,
    }
}

fn measure(stage: &str, cache: &Path) -> Stage {
    let cache = cache.to_str().unwrap();
    let times = |times: u64| callgrind::count(&["--repeat", stage, &times.to_string(), cache]);
    let (few, many) = (times(FEW), times(MANY));
    let each = |name: &str, counts: &Counts| counts.get(name).copied().unwrap_or(0);
    let mut functions: Vec<(String, u64)> = many
        .keys()
        .map(|name| {
            let more = each(name, &many).saturating_sub(each(name, &few));
            (name.clone(), more / (MANY - FEW))
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let sum = |counts: &Counts| counts.values().sum::<u64>();
    Stage {
        instructions: (sum(&many) - sum(&few)) / (MANY - FEW),
        functions: functions.into_iter().take(KEPT).collect(),
    }
}

fn per_cent(now: u64, then: u64) -> f64 {
    (now as f64 / then as f64 - 1.0) * 100.0
}

/// The functions that grew most, with what they took and take.
fn growers(now: &Stage, then: &Stage) -> String {
    let before = |name: &str| then.functions.get(name).copied().unwrap_or(0);
    let mut grown: Vec<(u64, &str, u64)> = now
        .functions
        .iter()
        .map(|(name, count)| (count.saturating_sub(before(name)), name.as_str(), *count))
        .filter(|(more, _, _)| *more > 0)
        .collect();
    grown.sort_unstable();
    let lines = grown.iter().rev().take(5);
    lines
        .map(|(_, name, count)| format!("\n  {name}: {} instructions, now {count}", before(name)))
        .collect()
}
