//! What a hook costs as a process: `podhook-exec` as it is shipped, beside `sh -c true`
//! and `runc exec`.
//!
//! Interleaved: every round starts each row once; figures are medians over rounds, ratios
//! are medians of the ratios within a round. From just before the process is made until
//! it is waited for, standard streams at /dev/null. `--assert` makes the goals binding.
//! Builds the adapter first; without runc its row is left out, said why.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "one_shot/container.rs"]
mod container;
#[path = "one_shot/process.rs"]
mod process;
#[path = "../shipped.rs"]
mod shipped;

use container::Container;
use podhook_test_guests::{bare, lifecycle, wasip2};
use process::{Cost, Program};
use std::path::{Path, PathBuf};
use std::process::Command;

const ROUNDS: usize = 201;

/// `runc exec` takes so much longer that fewer do.
const ROUNDS_OF_RUNC: usize = 41;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = shipped::built(&["adapter", "--locked", "--message-format=json"]);
    let bytes = std::fs::metadata(&adapter).unwrap().len();
    println!("podhook-exec is {bytes} bytes");
    let hook = compile(folder.path(), "lifecycle", bare::READS_CONFIG);
    let wasi = compile(folder.path(), "wasi", lifecycle::READS_CONFIG);
    let command = compile(folder.path(), "command", wasip2::PRINTS);
    let [adapter, hook, wasi, command] =
        [&adapter, &hook, &wasi, &command].map(|path| path.to_str().unwrap());
    let rows = [
        Row::new("sh", &["/bin/sh", "-c", "true"]),
        Row::new("version", &[adapter, "--version"]),
        Row::new("lifecycle", &[adapter, "--config", "seconds=5", hook]),
        Row::new(
            "  without a cgroup",
            &[adapter, "--cgroup", "none", "--config", "seconds=5", hook],
        ),
        Row::new("command", &[adapter, command]),
        Row::new("  with WASI", &[adapter, "--config", "seconds=5", wasi]),
    ];
    let costs = measure(&rows, ROUNDS);
    show(&rows, &costs);
    let lifecycle = ratio(&costs, 2, 0);
    let command = ratio(&costs, 4, 0);
    let peak = costs[2].iter().map(|cost| cost.peak_bytes).max().unwrap();
    println!(
        "lifecycle / sh {lifecycle:.3}, command / sh {command:.3}, peak {} KiB",
        peak >> 10
    );
    let of_runc = Container::start(folder.path(), Path::new(adapter)).map(|container| {
        let rows = [
            Row::new("runc exec", &container.words()),
            Row::new("lifecycle", &[adapter, "--config", "seconds=5", hook]),
        ];
        let costs = measure(&rows, ROUNDS_OF_RUNC);
        show(&rows, &costs);
        let ratio = ratio(&costs, 1, 0);
        println!("lifecycle / runc exec 1:{:.1}", 1.0 / ratio);
        ratio
    });
    if std::env::args().any(|word| word == "--assert") {
        assert!(bytes <= 4 << 20, "over 4 MiB");
        assert!(
            of_runc.is_none_or(|ratio| ratio <= 1.0 / 20.0),
            "over a twentieth of runc exec"
        );
        assert!(command <= 1.1, "a command costs over 1.1 times sh -c true");
        assert!(
            lifecycle <= 0.45,
            "a lifecycle hook costs over 0.45 times sh -c true"
        );
    }
}

struct Row {
    name: &'static str,
    program: Program,
}

impl Row {
    fn new(name: &'static str, words: &[&str]) -> Self {
        let program = Program::new(words);
        Self { name, program }
    }
}

/// Every row once a round; after a first round that does not count.
fn measure(rows: &[Row], rounds: usize) -> Vec<Vec<Cost>> {
    let mut costs = vec![Vec::new(); rows.len()];
    for round in 0..=rounds {
        for (row, costs) in rows.iter().zip(&mut costs) {
            let cost = row.program.run();
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    costs
}

fn show(rows: &[Row], costs: &[Vec<Cost>]) {
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>10}",
        "", "p10 µs", "p50 µs", "cpu µs", "peak KiB"
    );
    for (row, costs) in rows.iter().zip(costs) {
        let wall: Vec<f64> = costs.iter().map(|cost| cost.wall_us).collect();
        let cpu = costs.iter().map(|cost| cost.cpu_us).collect();
        let peak = costs.iter().map(|cost| cost.peak_bytes).max().unwrap();
        println!(
            "{:<20} {:>9.0} {:>9.0} {:>9.0} {:>10}",
            row.name,
            quantile(wall.clone(), 10),
            quantile(wall, 50),
            quantile(cpu, 50),
            peak >> 10,
        );
    }
}

/// The median of one row's ratios to another.
fn ratio(costs: &[Vec<Cost>], one: usize, other: usize) -> f64 {
    let pairs = costs[one].iter().zip(&costs[other]);
    quantile(
        pairs
            .map(|(one, other)| one.wall_us / other.wall_us)
            .collect(),
        50,
    )
}

/// `per_cent` from 0 to 100.
fn quantile(mut values: Vec<f64>, per_cent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * per_cent / 100]
}

fn compile(folder: &Path, name: &str, module: &str) -> PathBuf {
    let to = folder.join(name).with_extension("cwasm");
    let podhook = env!("CARGO_BIN_EXE_podhook");
    let mut compile = Command::new(podhook);
    compile.args(["compile", module, "-o"]).arg(&to);
    assert!(compile.output().unwrap().status.success());
    to
}
