//! What each stage of a warm run costs, in nanoseconds: store, instantiate, call, report;
//! all of it together; its report as JSON; what a pod makes of a hook that failed.
//!
//! `cargo bench -p podhook-runner --bench hot_path`

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "hot_path/steps.rs"]
mod steps;

use divan::{Bencher, black_box};
use podhook_sandbox::stages::Ended;
use steps::{Staged, Worker};

fn main() {
    divan::main();
}

/// One run at a time: the pool has four slots.
#[divan::bench(sample_size = 1, sample_count = 5000)]
fn store(bencher: Bencher<'_, '_>) {
    let staged = Staged::new(None);
    bencher.bench_local(|| staged.store());
}

#[divan::bench(sample_size = 1, sample_count = 5000)]
fn instantiate(bencher: Bencher<'_, '_>) {
    let staged = Staged::new(None);
    bencher
        .with_inputs(|| staged.store())
        .bench_local_values(|prepared| staged.instantiate(prepared));
}

#[divan::bench(sample_size = 1, sample_count = 5000)]
fn call(bencher: Bencher<'_, '_>) {
    let staged = Staged::new(None);
    bencher
        .with_inputs(|| staged.instantiate(staged.store()))
        .bench_local_values(|instantiated| staged.call(instantiated));
}

#[divan::bench(sample_size = 1, sample_count = 5000)]
fn report(bencher: Bencher<'_, '_>) {
    let staged = Staged::new(None);
    bencher
        .with_inputs(|| staged.call(staged.instantiate(staged.store())))
        .bench_local_values(Ended::report);
}

#[divan::bench(sample_count = 500)]
fn run(bencher: Bencher<'_, '_>) {
    let worker = Worker::new(None);
    bencher.bench_local(|| worker.run());
}

#[divan::bench]
fn wire(bencher: Bencher<'_, '_>) {
    let report = Worker::new(None).a_report();
    bencher.bench_local(|| steps::wire(black_box(&report)));
}

#[divan::bench]
fn event(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(steps::stopping)
        .bench_local_values(|(machine, hook)| steps::event(machine, hook));
}
