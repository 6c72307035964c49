//! How closely a hook's CPU limit follows the kernel's: a hook that computes under podhook's
//! `cpu.max`, and threads that compute under CFS bandwidth, in cgroups made for them.
//!
//! Both take turns at every quota. What each used is the kernel's own figure (`cpuacct`), for
//! the hook in a cgroup without a quota. Needs root and the first generation's hierarchies
//! `cpu` and `cpuacct`.

use super::machine::Machine;
use super::small_hooks;
use crate::config;
use crate::interrupt::Interrupt;
use group::{Group, Stat};
use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{CpuMax, Invocation};
use podhook_runner::{CommandError, Runner};
use podhook_sandbox::{CodeStore, EventLoop, Module, Profile, Wiring};
use sampler::Sampler;
use serde::Serialize;
use std::hint::black_box;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

mod group;
mod sampler;

/// What all quotas came to.
#[derive(Debug, Serialize)]
pub(crate) struct Throttle {
    pub(crate) machine: Machine,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) rows: Vec<Quota>,
    /// Why nothing was measured, or not all.
    pub(crate) skipped: Option<String>,
}

/// One quota; medians over rounds, ratios within a round.
#[derive(Debug, Serialize)]
pub(crate) struct Quota {
    /// Of one CPU.
    pub(crate) per_cent: u32,
    /// How many compute.
    pub(crate) hooks: usize,
    /// CPU time used, in parts of the quota.
    pub(crate) used: f64,
    pub(crate) native_used: f64,
    /// One to the other.
    pub(crate) used_to_native: f64,
    pub(crate) throttled_ms: f64,
    pub(crate) native_throttled_ms: f64,
    pub(crate) throttled_to_native: f64,
    pub(crate) nr_throttled: f64,
    pub(crate) native_nr_throttled: f64,
    /// What the hook was charged, to the kernel's figure.
    pub(crate) error_per_cent: f64,
    /// In a period, over the quota; nine of ten periods are below it.
    pub(crate) over_p90_us: f64,
    pub(crate) native_over_p90_us: f64,
}

impl Quota {
    /// Which of the goals do not hold.
    pub(crate) fn failures(&self) -> Vec<String> {
        let goals = [
            ("used / quota", self.used - 1.0, 0.03),
            ("used / native", self.used_to_native - 1.0, 0.05),
            ("throttled / native", self.throttled_to_native - 1.0, 0.1),
            ("error", self.error_per_cent / 100.0, 0.005),
        ];
        let missed = goals.into_iter().filter(|(_, off, most)| off.abs() > *most);
        missed
            .map(|(what, off, most)| {
                let (per_cent, off, most) = (self.per_cent, off * 100.0, most * 100.0);
                format!("{per_cent} %: {what} is off by {off:.2} %, over {most} %")
            })
            .collect()
    }
}

const ROUNDS: usize = 5;

const SPAN: Duration = Duration::from_secs(3);

/// Percent of a CPU, and who shares it.
const QUOTAS: [(u32, usize); 5] = [(5, 1), (10, 1), (25, 1), (50, 1), (150, 2)];

/// Measures every quota that the machine has processors for.
///
/// # Errors
/// Where a hook cannot be run.
pub(crate) fn throttle(
    interrupt: &Interrupt,
    mut each: impl FnMut(&Quota),
) -> Result<Throttle, CommandError> {
    let mut throttle = Throttle {
        machine: Machine::this(),
        rounds: ROUNDS,
        seconds: SPAN.as_secs(),
        rows: Vec::new(),
        skipped: None,
    };
    if let Err(why) = Group::make(Some(CpuMax::of_milli_cpu(1000, CpuMax::PERIOD_USEC))) {
        throttle.skipped = Some(format!("no cgroup can be made here: {why}"));
        return Ok(throttle);
    }
    let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("podhook bench", why);
    let spinner = small_hooks::spinner().map_err(|why| fault(&why))?;
    let hook = Spinner {
        module: Module::new(spinner).map_err(|why| fault(&why))?,
        codes: Arc::new(CodeStore::default()),
    };
    for (per_cent, hooks) in QUOTAS {
        if hooks > config::processors() {
            throttle.skipped = Some(format!("{per_cent} %: it takes {hooks} processors"));
            continue;
        }
        let quota = hook.quota(per_cent, hooks, interrupt);
        interrupt.check()?;
        let quota = quota.map_err(|why| fault(&why))?;
        each(&quota);
        throttle.rows.push(quota);
    }
    Ok(throttle)
}

/// What one run came to.
struct Run {
    /// The kernel's figure.
    used_nsec: u64,
    stat: Stat,
    over_p90_us: f64,
    /// podhook's figure.
    charged_nsec: u64,
}

/// A hook that computes until its deadline.
struct Spinner {
    module: Module,
    codes: Arc<CodeStore>,
}

impl Spinner {
    fn quota(&self, per_cent: u32, hooks: usize, interrupt: &Interrupt) -> io::Result<Quota> {
        let mut runs = Vec::new();
        for _ in 0..ROUNDS {
            interrupt
                .check()
                .map_err(|why| io::Error::other(why.to_string()))?;
            runs.push((self.hooks(per_cent, hooks)?, natively(per_cent, hooks)?));
        }
        let nsec = f64::from(per_cent) / 100.0 * SPAN.as_nanos() as f64;
        let of = |figure: &dyn Fn(&Run, &Run) -> f64| {
            median(runs.iter().map(|(ours, native)| figure(ours, native)))
        };
        let ratio = |one: u64, other: u64| one as f64 / other.max(1) as f64;
        Ok(Quota {
            per_cent,
            hooks,
            used: of(&|ours, _| ours.used_nsec as f64 / nsec),
            native_used: of(&|_, native| native.used_nsec as f64 / nsec),
            used_to_native: of(&|ours, native| ratio(ours.used_nsec, native.used_nsec)),
            throttled_ms: of(&|ours, _| ours.stat.throttled_nsec as f64 / 1e6),
            native_throttled_ms: of(&|_, native| native.stat.throttled_nsec as f64 / 1e6),
            throttled_to_native: of(&|ours, native| {
                ratio(ours.stat.throttled_nsec, native.stat.throttled_nsec)
            }),
            nr_throttled: of(&|ours, _| ours.stat.nr_throttled as f64),
            native_nr_throttled: of(&|_, native| native.stat.nr_throttled as f64),
            error_per_cent: of(&|ours, _| (ratio(ours.charged_nsec, ours.used_nsec) - 1.0) * 100.0),
            over_p90_us: of(&|ours, _| ours.over_p90_us),
            native_over_p90_us: of(&|_, native| native.over_p90_us),
        })
    }

    /// Hooks of one container, each on a worker of its own.
    fn hooks(&self, per_cent: u32, hooks: usize) -> io::Result<Run> {
        let group = Group::make(None)?;
        let account = Arc::new(Account::new(AccountLimits {
            cpu: cpu_max(per_cent),
            ..AccountLimits::default()
        }));
        let together = Barrier::new(hooks + 1);
        let (charged, over) = std::thread::scope(|scope| {
            let work = || {
                let worker = Worker::new(self);
                together.wait();
                let (runner, event_loop) = worker?;
                group.join_thread()?;
                let charged = self.run(&runner, &event_loop, &account);
                group.leave_thread()?;
                Ok::<u64, io::Error>(charged)
            };
            let workers: Vec<_> = (0..hooks).map(|_| scope.spawn(work)).collect();
            together.wait();
            let sampler = Sampler::start(group.clone(), per_cent);
            let lost = |_| Err(io::Error::other("a worker panicked"));
            let charged = workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(lost));
            (charged.sum::<io::Result<u64>>(), sampler.finish())
        });
        let stat = account.cpu();
        Ok(Run {
            used_nsec: group.usage(),
            stat: Stat {
                nr_periods: stat.nr_periods,
                nr_throttled: stat.nr_throttled,
                throttled_nsec: stat.throttled_usec.saturating_mul(1000),
            },
            over_p90_us: over,
            charged_nsec: charged?,
        })
    }

    fn run(&self, runner: &Runner, event_loop: &EventLoop, account: &Arc<Account>) -> u64 {
        let mut call = Invocation::new(Runner::new_id());
        call.budget.timeout = Some(SPAN);
        let call = Arc::new(call);
        let wiring = Wiring::new(account.clone());
        let running = runner.run("spinner", &self.module, &call, &wiring);
        event_loop.block_on(running).usage.cpu.usage_nsec
    }
}

/// A thread's engine and event loop.
struct Worker;

impl Worker {
    #[expect(clippy::new_ret_no_self, reason = "two parts, no whole")]
    fn new(hook: &Spinner) -> io::Result<(Runner, EventLoop)> {
        let runner = Runner::new(Profile::pooled(4), hook.codes.clone());
        let runner = runner.map_err(|why| io::Error::other(why.to_string()))?;
        runner.prepare(&hook.module, &Invocation::new(Runner::new_id()));
        Ok((runner, EventLoop::new()?))
    }
}

fn cpu_max(per_cent: u32) -> CpuMax {
    CpuMax::of_milli_cpu(u64::from(per_cent) * 10, CpuMax::PERIOD_USEC)
}

/// A piece of work takes less than a millisecond; one that takes longer was throttled.
const PAUSED: Duration = Duration::from_millis(15);

/// The last period's quota is used then, the next one has not begun.
const BEFORE_THE_END: Duration = Duration::from_millis(4);

/// Threads in a cgroup with the same quota, looked at for as long from the beginning of a
/// period on, as a hook's first period begins with it.
fn natively(per_cent: u32, threads: usize) -> io::Result<Run> {
    let group = Group::make(Some(cpu_max(per_cent)))?;
    let stop = AtomicBool::new(false);
    let (sender, begun) = channel();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (stop, group, sender) = (&stop, &group, sender.clone());
                scope.spawn(move || {
                    group.join_thread()?;
                    compute(stop, || {
                        let _ = sender.send(Instant::now());
                    });
                    group.leave_thread()
                })
            })
            .collect();
        drop(sender);
        let begins = (0..threads).filter_map(|_| begun.recv().ok());
        let begin = begins.max().unwrap_or_else(Instant::now);
        let (used, stat) = (group.usage(), group.stat());
        let sampler = Sampler::start(group.clone(), per_cent);
        let end = begin + SPAN - BEFORE_THE_END;
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        let (used, stat) = (group.usage() - used, group.stat().since(&stat));
        let over_p90_us = sampler.finish();
        stop.store(true, Relaxed);
        let lost = |_| Err(io::Error::other("a thread panicked"));
        for worker in workers {
            worker.join().unwrap_or_else(lost)?;
        }
        Ok(Run {
            used_nsec: used,
            stat,
            over_p90_us,
            charged_nsec: 0,
        })
    })
}

/// Until it is stopped; says once when its second period began.
fn compute(stop: &AtomicBool, begun: impl FnOnce()) {
    let mut begun = Some(begun);
    let mut last = Instant::now();
    while !stop.load(Relaxed) {
        (0..100_000_u64).for_each(|number| {
            black_box(number.wrapping_mul(number));
        });
        let paused = std::mem::replace(&mut last, Instant::now()).elapsed() > PAUSED;
        if paused && let Some(begun) = begun.take() {
            begun();
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
