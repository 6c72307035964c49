//! What a warm hook costs in process, beside bare wasmtime; and what a second worker
//! adds.
//!
//! Interleaved: every round measures each row once, in batches; figures are medians
//! over rounds, ratios are medians of the ratios within a round. `--assert` makes
//! the goals binding: at most 1.25 times bare wasmtime, at least 1.8 times the hooks
//! per second from two workers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{Hook, Invocation, MemoryState, Outcome};
use podhook_runner::Runner;
use podhook_sandbox::bare;
use podhook_sandbox::{CodeStore, Module, Profile, Wiring};
use podhook_test_guests::lifecycle::NOOP;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

const ROUNDS: usize = 41;
const BATCH: u32 = 200;
const SCALING_ROUNDS: usize = 7;
const SCALING_SPAN: Duration = Duration::from_millis(400);

fn main() {
    if let Some(row) = std::env::args().skip_while(|word| word != "--only").nth(1) {
        return only(&row);
    }
    let cost = cost();
    println!("bare wasmtime        {:>8.2} µs", cost.bare);
    println!("  before Linux 6.7   {:>8.2} µs", cost.old_kernel);
    println!("podhook              {:>8.2} µs", cost.podhook);
    println!("podhook / bare       {:>8.3}", cost.ratio);
    let scaling = scaling();
    println!("one worker           {:>8.0} hooks/s", scaling.one);
    println!("two workers          {:>8.0} hooks/s", scaling.two);
    println!("two / one            {:>8.3}", scaling.ratio);
    if std::env::args().any(|word| word == "--assert") {
        assert!(
            cost.ratio <= 1.25,
            "a warm hook costs over 1.25 times bare wasmtime"
        );
        assert!(
            scaling.ratio >= 1.8,
            "two workers do less than 1.8 times the hooks of one"
        );
    }
}

/// One row alone, for a profiler.
fn only(row: &str) {
    let bare = bare::Bare::new(&std::fs::read(NOOP).unwrap(), true).unwrap();
    let worker = Worker::new(Arc::default());
    runtime().block_on(async {
        for _ in 0..500_000 {
            match row {
                "bare" => bare.run(&[]).await.unwrap(),
                _ => worker.run().await,
            }
        }
    });
}

struct Cost {
    bare: f64,
    /// Bare, with the pool's fallback for kernels without `PAGEMAP_SCAN`.
    old_kernel: f64,
    podhook: f64,
    ratio: f64,
}

fn cost() -> Cost {
    let runtime = runtime();
    let module = std::fs::read(NOOP).unwrap();
    let bare = bare::Bare::new(&module, true).unwrap();
    let old_kernel = bare::Bare::new(&module, false).unwrap();
    let worker = Worker::new(Arc::default());
    let mut old_kernels = Vec::new();
    let (mut bares, mut podhooks, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        for round in 0..ROUNDS + 5 {
            let begin = Instant::now();
            for _ in 0..BATCH {
                bare.run(&[]).await.unwrap();
            }
            let bare = micros_each(begin);
            let begin = Instant::now();
            for _ in 0..BATCH {
                worker.run().await;
            }
            let podhook = micros_each(begin);
            let begin = Instant::now();
            for _ in 0..BATCH {
                old_kernel.run(&[]).await.unwrap();
            }
            let old_kernel = micros_each(begin);
            // The first rounds warm caches and the pool.
            if round >= 5 {
                old_kernels.push(old_kernel);
                bares.push(bare);
                podhooks.push(podhook);
                ratios.push(podhook / bare);
            }
        }
    });
    Cost {
        bare: median(bares),
        old_kernel: median(old_kernels),
        podhook: median(podhooks),
        ratio: median(ratios),
    }
}

fn micros_each(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
}

struct Scaling {
    one: f64,
    two: f64,
    ratio: f64,
}

fn scaling() -> Scaling {
    let codes = Arc::new(CodeStore::default());
    let (mut ones, mut twos, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SCALING_ROUNDS {
        let one = hooks_per_second(1, &codes);
        let two = hooks_per_second(2, &codes);
        ones.push(one);
        twos.push(two);
        ratios.push(two / one);
    }
    Scaling {
        one: median(ones),
        two: median(twos),
        ratio: median(ratios),
    }
}

/// Each worker is a thread of its own, with an engine of its own.
fn hooks_per_second(workers: usize, codes: &Arc<CodeStore>) -> f64 {
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..workers)
        .map(|_| {
            let (codes, stop) = (codes.clone(), stop.clone());
            std::thread::spawn(move || {
                let worker = Worker::new(codes);
                runtime().block_on(async {
                    for _ in 0..1000 {
                        worker.run().await;
                    }
                    let (begin, mut hooks) = (Instant::now(), 0_u32);
                    while !stop.load(Relaxed) {
                        worker.run().await;
                        hooks += 1;
                    }
                    f64::from(hooks) / begin.elapsed().as_secs_f64()
                })
            })
        })
        .collect();
    std::thread::sleep(SCALING_SPAN);
    stop.store(true, Relaxed);
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum()
}

/// A worker as a long-lived host has it: deadline, memory limit and report for each
/// run, charged to the account of one container.
struct Worker {
    runner: Runner,
    module: Module,
    account: Arc<Account>,
    state: Arc<MemoryState>,
}

impl Worker {
    fn new(codes: Arc<CodeStore>) -> Self {
        let runner = Runner::new(Profile::pooled(16), codes).unwrap();
        let module = Module::new(std::fs::read(NOOP).unwrap()).unwrap();
        runner.prepare(&module, &Invocation::new(Runner::new_id()));
        let account = Account::new(AccountLimits {
            memory_max: Invocation::new(Runner::new_id()).budget.memory,
            ..AccountLimits::default()
        });
        Self {
            runner,
            module,
            account: Arc::new(account),
            state: Arc::default(),
        }
    }

    async fn run(&self) {
        let mut call = Invocation::new(Runner::new_id());
        call.hook = Some(Hook::PreStop);
        let wiring = Wiring {
            state: self.state.clone(),
            ..Wiring::new(self.account.clone())
        };
        let report = self
            .runner
            .run("noop", &self.module, &Arc::new(call), &wiring)
            .await;
        assert_eq!(report.outcome, Outcome::Succeeded);
        black_box(report);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
