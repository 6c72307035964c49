//! Endless loops, many at the same time on two workers, and a healthy hook among them.

use super::library::wiring;
use podhook_lifecycle::{Invocation, Outcome, Resource};
use podhook_runner::Runner;
use podhook_sandbox::{CodeStore, EventLoop, Module, Profile, Wiring};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const WORKERS: usize = 2;
const DEADLINE: Duration = Duration::from_secs(2);
/// How often the healthy hook is called.
const EVERY: Duration = Duration::from_millis(10);

/// How late loops ended, and how long healthy hooks took.
type Times = (Vec<Duration>, Vec<Duration>);

pub(crate) fn run(loops: usize) -> Vec<String> {
    let codes = Arc::new(CodeStore::default());
    let threads: Vec<_> = (0..WORKERS)
        .map(|_| {
            let codes = codes.clone();
            std::thread::spawn(move || worker(loops / WORKERS, codes))
        })
        .collect();
    let (mut late, mut healthy) = (Vec::new(), Vec::new());
    for thread in threads {
        let (its_late, its_healthy) = thread.join().unwrap();
        late.extend(its_late);
        healthy.extend(its_healthy);
    }
    let p99 = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() * 99 / 100]
    };
    let (late_p99, healthy_p99) = (p99(&mut late), p99(&mut healthy));
    println!(
        "{} loops: late by p99 {late_p99:?}, at most {:?}; {} healthy hooks: p99 {healthy_p99:?}",
        late.len(),
        late[late.len() - 1],
        healthy.len()
    );
    let mut failures = Vec::new();
    if late_p99 > Duration::from_millis(250) {
        failures.push("loops end late".to_owned());
    }
    if healthy_p99 > Duration::from_millis(100) {
        failures.push("healthy hooks are held up".to_owned());
    }
    failures
}

fn module(text: &str) -> Module {
    Module::new(wat::parse_str(text).unwrap()).unwrap()
}

fn worker(loops: usize, codes: Arc<CodeStore>) -> Times {
    let spin =
        module(r#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#);
    let noop = module(r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
    let event_loop = EventLoop::new().unwrap();
    let slots = u32::try_from(loops + 8).unwrap();
    let runner = Arc::new(Runner::new(Profile::pooled(slots), codes).unwrap());
    for module in [&spin, &noop] {
        runner.prepare(module, &Invocation::new(Runner::new_id()));
    }
    let hooks = LocalSet::new();
    let running = Rc::new(Cell::new(loops));
    // A container each, as in life: an account of their own.
    let spins: Vec<_> = (0..loops)
        .map(|_| {
            let (runner, spin, running) = (runner.clone(), spin.clone(), running.clone());
            hooks.spawn_local(async move {
                let (wiring, timeout) = (wiring(), Outcome::Exhausted(Resource::Time));
                let took = timed(&runner, &spin, &wiring, timeout).await;
                running.set(running.get() - 1);
                took.saturating_sub(DEADLINE)
            })
        })
        .collect();
    // As a server's: another thread has it, says so, and waits.
    let (calls, mut called) = tokio::sync::mpsc::unbounded_channel::<Instant>();
    let (knocks, is_over) = (runner.clone(), Arc::new(AtomicBool::new(false)));
    let client = std::thread::spawn({
        let is_over = is_over.clone();
        move || {
            while !is_over.load(Relaxed) && calls.send(Instant::now()).is_ok() {
                knocks.knock();
                std::thread::sleep(EVERY);
            }
        }
    });
    let healthy = hooks.spawn_local(async move {
        let mut calls = Vec::new();
        while let Some(sent) = called.recv().await {
            let (runner, noop) = (runner.clone(), noop.clone());
            calls.push(tokio::task::spawn_local(async move {
                timed(&runner, &noop, &wiring(), Outcome::Succeeded).await;
                sent.elapsed()
            }));
            is_over.store(running.get() == 0, Relaxed);
        }
        let mut times = Vec::new();
        for call in calls {
            times.push(call.await.unwrap());
        }
        times
    });
    let times = event_loop.block_on(hooks.run_until(async {
        let mut late = Vec::new();
        for spin in spins {
            late.push(spin.await.unwrap());
        }
        (late, healthy.await.unwrap())
    }));
    client.join().unwrap();
    times
}

async fn timed(runner: &Runner, module: &Module, wiring: &Wiring, outcome: Outcome) -> Duration {
    let mut call = Invocation::new(Runner::new_id());
    call.budget.timeout = Some(DEADLINE);
    let began = Instant::now();
    let report = runner.run("loop", module, &Arc::new(call), wiring).await;
    assert_eq!(report.outcome, outcome, "{:?}", report.message);
    began.elapsed()
}
