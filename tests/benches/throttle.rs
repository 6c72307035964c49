//! How closely a hook's CPU limit follows the kernel's: the same work as a hook under
//! podhook's `cpu.max`, and native under CFS bandwidth in a cgroup made for it.
//!
//! Interleaved: every round runs both, at every quota. What each used is the kernel's
//! figure (`cpuacct`), for the hook in a cgroup without a quota. A period's use is what
//! was used between two pauses. `--assert` makes the goals binding, `--only 50` measures one quota. Needs root and
//! cgroup v1 hierarchies `cpu` and `cpuacct`; says so where they are not to be had.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    missing_docs
)]

#[path = "throttle/cgroup.rs"]
mod cgroup;
#[path = "throttle/sampler.rs"]
mod sampler;
#[path = "../guests/work.rs"]
#[allow(unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]
mod work;

use cgroup::Group;
use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{CpuMax, CpuUsage, Hook, Invocation, MemoryState};
use podhook_runner::Runner;
use podhook_sandbox::{CodeStore, EventLoop, Module, Profile, Wiring};
use podhook_test_guests::lifecycle::WORKS;
use sampler::{Overshoot, Sampler};
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// Percent of a CPU, and who shares it.
const QUOTAS: [(u64, usize); 5] = [(5, 1), (10, 1), (25, 1), (50, 1), (150, 2)];
const SPAN: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

fn main() {
    if let Err(why) = Group::make("podhook-probe", None) {
        println!("skipped: no cgroup can be made here: {why}");
        return;
    }
    let codes = Arc::new(CodeStore::default());
    let only = std::env::args().skip_while(|word| word != "--only").nth(1);
    let only = only.map(|percent| percent.parse::<u64>().unwrap());
    let rows: Vec<Row> = QUOTAS
        .iter()
        .filter(|(percent, _)| only.is_none_or(|only| only == *percent))
        .map(|&(percent, hooks)| Row::measure(percent, hooks, &codes))
        .collect();
    println!(
        "medians of {ROUNDS} rounds of {} s; native is CFS",
        SPAN.as_secs()
    );
    Row::heads();
    rows.iter().for_each(Row::print);
    let (light, heavy) = weights(&codes);
    let ratio = heavy / light;
    println!("weights 100 and 300 on one worker: {light:.0} and {heavy:.0} ms, 1:{ratio:.3}");
    if std::env::args().any(|word| word == "--assert") {
        rows.iter().for_each(Row::check);
        assert!((ratio / 3.0 - 1.0).abs() <= 0.1, "weights: 1:{ratio:.3}");
    }
}

/// One quota: medians over rounds.
struct Row {
    percent: u64,
    /// Used CPU time in parts of the quota.
    used: f64,
    /// The same of the native process.
    native: f64,
    /// One to the other.
    ratio: f64,
    throttled_ms: [f64; 2],
    throttled_ratio: f64,
    nr_throttled: [f64; 2],
    nr_periods: f64,
    /// What podhook charged, to the kernel's figure, in percent.
    error: f64,
    p90_us: [f64; 2],
    max_us: [f64; 2],
    /// Of the alarm's threads, in milliseconds a second.
    timer: f64,
}

/// What one run came to.
struct Run {
    /// The kernel's, in nanoseconds.
    used: u64,
    throttled_nsec: u64,
    nr_throttled: u64,
    nr_periods: u64,
    overshoot: Overshoot,
    charged: u64,
    timer: u64,
}

impl Row {
    fn measure(percent: u64, hooks: usize, codes: &Arc<CodeStore>) -> Self {
        let (mut ours, mut natives) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(hooks_run(percent, hooks, codes));
            natives.push(native_run(percent, hooks));
        }
        let quota = percent as f64 / 100.0 * SPAN.as_nanos() as f64;
        let both =
            |of: fn(&Run) -> f64| [median(ours.iter().map(of)), median(natives.iter().map(of))];
        let pairs = || ours.iter().zip(&natives);
        Self {
            percent,
            used: median(ours.iter().map(|run| run.used as f64 / quota)),
            native: median(natives.iter().map(|run| run.used as f64 / quota)),
            ratio: median(pairs().map(|(ours, native)| ours.used as f64 / native.used as f64)),
            throttled_ms: both(|run| run.throttled_nsec as f64 / 1e6),
            throttled_ratio: median(
                pairs()
                    .map(|(our, native)| our.throttled_nsec as f64 / native.throttled_nsec as f64),
            ),
            nr_throttled: both(|run| run.nr_throttled as f64),
            nr_periods: median(ours.iter().map(|run| run.nr_periods as f64)),
            error: median(
                ours.iter()
                    .map(|run| (run.charged as f64 / run.used as f64 - 1.0) * 100.0),
            ),
            p90_us: both(|run| run.overshoot.p90_us),
            max_us: both(|run| run.overshoot.max_us),
            timer: median(
                ours.iter()
                    .map(|run| run.timer as f64 / 1e6 / SPAN.as_secs_f64()),
            ),
        }
    }

    fn heads() {
        println!(
            "{:>5} {:>7} {:>7} {:>7} {:>15} {:>6} {:>11} {:>4} {:>7} {:>13} {:>13} {:>6}",
            "quota",
            "used",
            "native",
            "ratio",
            "throttled ms",
            "ratio",
            "nr_thrott.",
            "of",
            "error",
            "p90 over µs",
            "max over µs",
            "timer"
        );
    }

    fn print(&self) {
        let two = |of: [f64; 2]| format!("{:.0}/{:.0}", of[0], of[1]);
        println!(
            "{:>4}% {:>7.4} {:>7.4} {:>7.4} {:>15} {:>6.3} {:>11} {:>4.0} {:>6.2}% {:>13} {:>13} {:>6.2}",
            self.percent,
            self.used,
            self.native,
            self.ratio,
            two(self.throttled_ms),
            self.throttled_ratio,
            two(self.nr_throttled),
            self.nr_periods,
            self.error,
            two(self.p90_us),
            two(self.max_us),
            self.timer,
        );
    }

    fn check(&self) {
        let percent = self.percent;
        assert!(
            (self.used - 1.0).abs() <= 0.03,
            "{percent} %: used {}",
            self.used
        );
        assert!(
            (self.ratio - 1.0).abs() <= 0.05,
            "{percent} %: to native {}",
            self.ratio
        );
        let throttled = (self.throttled_ratio - 1.0).abs();
        assert!(
            throttled <= 0.1,
            "{percent} %: throttled {}",
            self.throttled_ratio
        );
        assert!(
            self.error.abs() <= 0.5,
            "{percent} %: error {} %",
            self.error
        );
        assert!(
            self.p90_us[0] <= self.p90_us[1],
            "{percent} %: p90 {:?}",
            self.p90_us
        );
        assert!(
            self.max_us[0] <= self.max_us[1],
            "{percent} %: max {:?}",
            self.max_us
        );
    }
}

fn cpu_max(percent: u64) -> CpuMax {
    CpuMax::of_milli_cpu(percent * 10, CpuMax::PERIOD_USEC)
}

/// Hooks of one container, each on a worker of its own.
fn hooks_run(percent: u64, hooks: usize, codes: &Arc<CodeStore>) -> Run {
    let group = Group::make("podhook-hook", None).unwrap();
    let account = Arc::new(Account::new(AccountLimits {
        cpu: cpu_max(percent),
        ..AccountLimits::default()
    }));
    let together = Arc::new(Barrier::new(hooks + 1));
    let workers: Vec<_> = (0..hooks)
        .map(|_| {
            let (codes, together) = (codes.clone(), together.clone());
            let (account, group) = (account.clone(), group.clone());
            std::thread::spawn(move || {
                let worker = Worker::new(codes);
                let event_loop = EventLoop::new().unwrap();
                together.wait();
                group.join_thread();
                let usage = event_loop.block_on(worker.hook(&account));
                group.leave_thread();
                // Looked at while the engine's thread is still there.
                together.wait();
                together.wait();
                usage
            })
        })
        .collect();
    together.wait();
    let timers = cgroup::threads_nanos("podhook-alarm");
    let sampler = Sampler::start(group.clone(), percent);
    together.wait();
    let timer = timers.since();
    together.wait();
    let usages: Vec<CpuUsage> = workers.into_iter().map(|one| one.join().unwrap()).collect();
    let stat = account.cpu();
    Run {
        used: group.usage(),
        throttled_nsec: stat.throttled_usec * 1000,
        nr_throttled: stat.nr_throttled,
        nr_periods: stat.nr_periods,
        overshoot: sampler.finish(),
        charged: usages.iter().map(|usage| usage.usage_nsec).sum(),
        timer,
    }
}

/// Threads in a cgroup with the same quota, looked at for as long from the beginning of a
/// period on, as a hook's first period begins with it.
fn native_run(percent: u64, threads: usize) -> Run {
    let group = Group::make("podhook-native", Some(cpu_max(percent))).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, begun) = channel();
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (stop, group, sender) = (stop.clone(), group.clone(), sender.clone());
            std::thread::spawn(move || {
                group.join_thread();
                let mut last = Instant::now();
                let mut sender = Some(sender);
                while !stop.load(Relaxed) {
                    black_box(work::work("json", 1));
                    if std::mem::replace(&mut last, Instant::now()).elapsed() > PAUSED
                        && let Some(sender) = sender.take()
                    {
                        sender.send(last).unwrap();
                    }
                }
                group.leave_thread();
            })
        })
        .collect();
    let begins = (0..threads).map(|_| begun.recv().unwrap());
    let begin = begins.max().unwrap();
    let (used, stat) = (group.usage(), group.stat());
    let sampler = Sampler::start(group.clone(), percent);
    std::thread::sleep((begin + SPAN - BEFORE_THE_END).saturating_duration_since(Instant::now()));
    let (used, stat) = (group.usage() - used, group.stat().since(&stat));
    let overshoot = sampler.finish();
    stop.store(true, Relaxed);
    workers.into_iter().for_each(|one| one.join().unwrap());
    Run {
        used,
        throttled_nsec: stat.throttled_nsec,
        nr_throttled: stat.nr_throttled,
        nr_periods: stat.nr_periods,
        overshoot,
        charged: 0,
        timer: 0,
    }
}

/// A piece of work takes a millisecond; one that takes longer was throttled.
const PAUSED: Duration = Duration::from_millis(15);

/// The last period's quota is used then, the next one has not begun.
const BEFORE_THE_END: Duration = Duration::from_millis(4);

/// Two hooks of different containers on one worker; CPU time of each in milliseconds.
fn weights(codes: &Arc<CodeStore>) -> (f64, f64) {
    let worker = Rc::new(Worker::new(codes.clone()));
    let hook = |weight| {
        let worker = worker.clone();
        let account = Arc::new(Account::new(AccountLimits {
            weight,
            ..AccountLimits::default()
        }));
        tokio::task::spawn_local(async move { worker.hook(&account).await })
    };
    let used = EventLoop::new()
        .unwrap()
        .block_on(tokio::task::LocalSet::new().run_until(async {
            let (light, heavy) = (hook(100), hook(300));
            (light.await.unwrap(), heavy.await.unwrap())
        }));
    let millis = |usage: CpuUsage| usage.usage_nsec as f64 / 1e6;
    (millis(used.0), millis(used.1))
}

struct Worker {
    runner: Runner,
    module: Module,
    state: Arc<MemoryState>,
}

impl Worker {
    fn new(codes: Arc<CodeStore>) -> Self {
        let runner = Runner::new(Profile::pooled(4), codes).unwrap();
        let module = Module::new(std::fs::read(WORKS).unwrap()).unwrap();
        runner.prepare(&module, &Invocation::new(Runner::new_id()));
        Self {
            runner,
            module,
            state: Arc::default(),
        }
    }

    /// Works until its deadline.
    async fn hook(&self, account: &Arc<Account>) -> CpuUsage {
        let mut call = Invocation::new(Runner::new_id());
        call.hook = Some(Hook::PreStop);
        call.args = vec!["json".to_owned(), u64::MAX.to_string()];
        call.budget.timeout = Some(SPAN);
        let wiring = Wiring {
            meter: account.clone(),
            state: self.state.clone(),
            network: None,
            tee: None,
            cancel: None,
        };
        let call = Arc::new(call);
        let report = self.runner.run("works", &self.module, &call, &wiring).await;
        report.usage.cpu
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
