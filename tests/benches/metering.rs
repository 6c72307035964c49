//! What metering costs: computing guests under podhook beside the same guests under
//! wasmtime with nothing that could stop them, and a do-nothing hook with accounts
//! beside one without.
//!
//! Interleaved: every round measures each row once; figures are medians over rounds,
//! ratios medians of the ratios within a round, all of CPU time. `--assert` makes the
//! goals binding: at most 1.15 in the geometric mean and 1.35 for each, at most 1.3 for
//! the accounts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    missing_docs
)]

#[path = "../guests/work.rs"]
#[allow(unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]
mod work;

use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::meter::Free;
use podhook_lifecycle::{CpuMax, Hook, Invocation, MemoryState, Meter, Outcome};
use podhook_runner::Runner;
use podhook_sandbox::bare;
use podhook_sandbox::{EventLoop, Module, Profile, Wiring};
use podhook_test_guests::lifecycle::{NOOP, WORKS};
use std::hint::black_box;
use std::sync::Arc;

const ROUNDS: usize = 15;
/// Of about a millisecond each.
const TIMES: u64 = 30;
const NOOP_ROUNDS: usize = 41;
const NOOPS: u32 = 500;

fn main() {
    let works = works();
    println!(
        "{:<8} {:>10} {:>10} {:>10} {:>9} {:>9}",
        "", "native ms", "plain ms", "podhook ms", "/plain", "/native"
    );
    for row in &works {
        println!(
            "{:<8} {:>10.2} {:>10.2} {:>10.2} {:>9.3} {:>9.3}",
            row.name, row.native, row.plain, row.podhook, row.ratio, row.to_native
        );
    }
    let logs: f64 = works.iter().map(|row| row.ratio.ln()).sum();
    let geomean = (logs / 5.0).exp();
    println!("geometric mean of podhook / plain {geomean:>23.3}");
    let noop = noop();
    println!("no-op hook without accounts       {:>20.2} µs", noop.free);
    println!(
        "with accounts and quotas          {:>20.2} µs",
        noop.charged
    );
    println!("with / without                    {:>23.3}", noop.ratio);
    if std::env::args().any(|word| word == "--assert") {
        assert!(geomean <= 1.15, "metering costs {geomean:.3} in the mean");
        for row in &works {
            assert!(row.ratio <= 1.35, "{} costs {:.3}", row.name, row.ratio);
        }
        assert!(noop.ratio <= 1.3, "accounts cost {:.3}", noop.ratio);
    }
}

struct Row {
    name: &'static str,
    native: f64,
    plain: f64,
    podhook: f64,
    ratio: f64,
    to_native: f64,
}

fn works() -> Vec<Row> {
    let event_loop = EventLoop::new().unwrap();
    let plain = bare::Bare::unmetered(&std::fs::read(WORKS).unwrap()).unwrap();
    let worker = Worker::new(WORKS, account());
    work::ALL
        .iter()
        .map(|&name| {
            let args = vec![name.to_owned(), TIMES.to_string()];
            let (mut natives, mut plains, mut podhooks) = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..=ROUNDS {
                let native = cpu_millis(|| {
                    black_box(work::work(name, TIMES));
                });
                let plain = cpu_millis(|| event_loop.block_on(plain.run(&args)).unwrap());
                let podhook = cpu_millis(|| event_loop.block_on(worker.run(&args)));
                // The first round warms caches and the pool.
                if round > 0 {
                    natives.push(native);
                    plains.push(plain);
                    podhooks.push(podhook);
                }
            }
            let ratios = |below: &[f64]| podhooks.iter().zip(below).map(|(a, b)| a / b).collect();
            Row {
                name,
                ratio: median(ratios(&plains)),
                to_native: median(ratios(&natives)),
                native: median(natives),
                plain: median(plains),
                podhook: median(podhooks),
            }
        })
        .collect()
}

struct Noop {
    free: f64,
    charged: f64,
    ratio: f64,
}

fn noop() -> Noop {
    let event_loop = EventLoop::new().unwrap();
    let free = Worker::new(NOOP, Arc::new(Free));
    let charged = Worker::new(NOOP, account());
    let (mut frees, mut chargeds, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let micros_each = |worker: &Worker| {
        let millis = cpu_millis(|| {
            event_loop.block_on(async {
                for _ in 0..NOOPS {
                    worker.run(&[]).await;
                }
            });
        });
        millis * 1000.0 / f64::from(NOOPS)
    };
    for round in 0..NOOP_ROUNDS + 5 {
        let (free, charged) = (micros_each(&free), micros_each(&charged));
        if round >= 5 {
            frees.push(free);
            chargeds.push(charged);
            ratios.push(charged / free);
        }
    }
    Noop {
        free: median(frees),
        charged: median(chargeds),
        ratio: median(ratios),
    }
}

/// A container's under its pod's, each with limits that are never met.
fn account() -> Arc<dyn Meter> {
    let limits = |cpus: u64| AccountLimits {
        memory_max: Some(1 << 30),
        cpu: CpuMax::of_milli_cpu(cpus * 1000, CpuMax::PERIOD_USEC),
        ..AccountLimits::default()
    };
    let pod = Arc::new(Account::new(limits(8)));
    Arc::new(Account::under(pod, limits(4)))
}

/// A worker as a long-lived host has it.
struct Worker {
    runner: Runner,
    module: Module,
    meter: Arc<dyn Meter>,
    state: Arc<MemoryState>,
}

impl Worker {
    fn new(path: &str, meter: Arc<dyn Meter>) -> Self {
        let runner = Runner::new(Profile::pooled(16), Arc::default()).unwrap();
        let module = Module::new(std::fs::read(path).unwrap()).unwrap();
        runner.prepare(&module, &Invocation::new(Runner::new_id()));
        Self {
            runner,
            module,
            meter,
            state: Arc::default(),
        }
    }

    async fn run(&self, args: &[String]) {
        let mut call = Invocation::new(Runner::new_id());
        call.hook = Some(Hook::PreStop);
        call.args = args.to_vec();
        let wiring = Wiring {
            state: self.state.clone(),
            ..Wiring::new(self.meter.clone())
        };
        let call = Arc::new(call);
        let running = self.runner.run("hook", &self.module, &call, &wiring);
        let report = running.await;
        assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.message);
        black_box(report);
    }
}

fn cpu_millis(work: impl FnOnce()) -> f64 {
    let before = thread_nanos();
    work();
    (thread_nanos() - before) as f64 / 1e6
}

fn thread_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
