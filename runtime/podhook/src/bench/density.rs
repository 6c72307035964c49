//! How many hooks wait at the same time, and what each of them takes.
//!
//! Every number of hooks is tried in a process of its own, so that none finds what another
//! left behind.

use super::machine::Machine;
use super::samples;
use super::small_hooks;
use super::status::of_status;
use crate::config;
use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{CancelReason, Invocation, Outcome, Report};
use podhook_runner::{CommandError, Runner};
use podhook_sandbox::{Cancel, CodeStore, EventLoop, Module, Profile, Wiring};
use serde::{Deserialize, Serialize};
use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

/// What all numbers came to.
#[derive(Debug, Serialize)]
pub(crate) struct Density {
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<Suspended>,
    /// What there are no more hooks for, and the fewest that were too many.
    pub(crate) limit: Option<Limit>,
}

/// Why there cannot be more.
#[derive(Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) hooks: usize,
    pub(crate) why: String,
}

/// So many hooks, all waiting.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Suspended {
    pub(crate) hooks: usize,
    pub(crate) workers: usize,
    /// Resident memory, for each hook; pools and page tables are in it.
    pub(crate) bytes_each: u64,
    /// Of them the kernel's page tables.
    pub(crate) page_table_bytes_each: u64,
    /// CPU time to start one.
    pub(crate) start_us_each: f64,
    /// Wall-clock time to end all, once they are told.
    pub(crate) cancel_us_each: f64,
    /// Of this process, while all wait.
    pub(crate) mappings: usize,
}

/// Tries more and more hooks, until there are too many or `most` wait.
///
/// # Errors
/// Where podhook cannot start itself.
pub(crate) fn density(
    most: usize,
    mut each: impl FnMut(&Suspended),
) -> Result<Density, CommandError> {
    let machine = Machine::this();
    let mut rows: Vec<Suspended> = Vec::new();
    let mut limit: Option<Limit> = None;
    let mut next = 1_000.min(most);
    loop {
        match in_a_process(next)? {
            Ok(row) => {
                each(&row);
                rows.push(row);
            }
            Err(why) => limit = Some(Limit { hooks: next, why }),
        }
        let fits = rows.last().map_or(0, |row| row.hooks);
        next = match &limit {
            None if fits >= most => break,
            None if fits < 10_000 => (fits * 10).min(most),
            None => (fits * 2).min(most),
            // To within a twentieth.
            Some(limit) if limit.hooks - fits <= (fits / 20).max(100) => break,
            Some(limit) => fits.midpoint(limit.hooks) / 100 * 100,
        };
    }
    Ok(Density {
        machine,
        rows,
        limit,
    })
}

/// The figures, or why there cannot be so many.
fn in_a_process(hooks: usize) -> Result<Result<Suspended, String>, CommandError> {
    let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("podhook bench", why);
    let mut command = Command::new("/proc/self/exe");
    command.args(["bench", "--suspend", &hooks.to_string()]);
    command.stdin(Stdio::null());
    let said = command.output().map_err(|why| fault(&why))?;
    if !said.status.success() {
        let why = String::from_utf8_lossy(&said.stderr).trim().to_owned();
        let why = why.strip_prefix("error: ").unwrap_or(&why).to_owned();
        return Ok(Err(match why.is_empty() {
            true => format!("the process ended with {}", said.status),
            false => why,
        }));
    }
    let row = serde_json::from_slice(&said.stdout).map_err(|why| fault(&why))?;
    Ok(Ok(row))
}

/// Suspends so many hooks in this process, and ends them.
///
/// # Errors
/// 69, by the limit that was met.
pub(crate) fn suspend(hooks: usize) -> Result<Suspended, CommandError> {
    let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("podhook bench", why);
    let module = small_hooks::sleeper().map_err(|why| fault(&why))?;
    let module = Module::new(module).map_err(|why| fault(&why))?;
    let workers = config::processors().clamp(1, hooks.max(1));
    let codes = Arc::new(CodeStore::default());
    let before = Memory::now();
    let shares = (0..workers).map(|worker| (hooks + worker) / workers);
    let shares: Vec<usize> = shares.collect();
    // All make their pools, start, are looked at, and end together.
    let barrier = Barrier::new(workers + 1);
    let failed: Mutex<Option<String>> = Mutex::default();
    let began = samples::spent();
    let ((waiting, started), took) = std::thread::scope(|scope| {
        for share in shares {
            let (module, codes, barrier, failed) = (&module, &codes, &barrier, &failed);
            scope.spawn(move || {
                let worker = Worker {
                    module,
                    codes,
                    share,
                };
                if let Err(why) = worker.serve(barrier) {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.get_or_insert(why);
                }
            });
        }
        barrier.wait();
        let seen = (Memory::now(), samples::spent());
        barrier.wait();
        let ending = Instant::now();
        barrier.wait();
        (seen, ending.elapsed())
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(why) = failed {
        return Err(CommandError::unavailable(format!("{hooks} hooks"), why));
    }
    let count = u64::try_from(hooks.max(1)).unwrap_or(u64::MAX);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / hooks.max(1) as f64;
    Ok(Suspended {
        hooks,
        workers,
        bytes_each: (waiting.bytes() - before.bytes().min(waiting.bytes())) / count,
        page_table_bytes_each: waiting.page_tables.saturating_sub(before.page_tables) / count,
        start_us_each: each(started.saturating_sub(began)),
        cancel_us_each: each(took),
        mappings: waiting.mappings,
    })
}

/// What the kernel says of this process.
#[derive(Debug, Clone, Copy)]
struct Memory {
    resident: u64,
    page_tables: u64,
    mappings: usize,
}

impl Memory {
    fn now() -> Self {
        let bytes = |name| of_status(std::process::id(), name).unwrap_or(0);
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        Self {
            resident: bytes("VmRSS:"),
            page_tables: bytes("VmPTE:"),
            mappings: maps.lines().count(),
        }
    }

    fn bytes(&self) -> u64 {
        self.resident + self.page_tables
    }
}

/// Which limit it was: the kernel says of all of them that there is no memory.
fn limit(seen: &Memory) -> String {
    let most = config::max_mappings();
    match seen.mappings.saturating_mul(20) >= most.saturating_mul(19) {
        true => format!("vm.max_map_count ({most} mappings)"),
        false => "address space (47 bits, 4 GiB for each hook's memory)".to_owned(),
    }
}

struct Worker<'s> {
    module: &'s Module,
    codes: &'s Arc<CodeStore>,
    share: usize,
}

impl Worker<'_> {
    /// Meets the others three times, whatever happens.
    fn serve(&self, barrier: &Barrier) -> Result<(), String> {
        let ready = self.start();
        barrier.wait();
        barrier.wait();
        let ended = ready.and_then(Waiting::end);
        barrier.wait();
        ended
    }

    fn start(&self) -> Result<Waiting, String> {
        // Looked at before anything is given back.
        let named = |why: &dyn std::fmt::Display| format!("{}: {why}", limit(&Memory::now()));
        let event_loop = EventLoop::new().map_err(|why| named(&why))?;
        let slots = u32::try_from(self.share.max(1)).map_err(|why| named(&why))?;
        let runner = Runner::new(Profile::pooled(slots), self.codes.clone());
        let runner = Arc::new(runner.map_err(|why| named(&why))?);
        let account = Arc::new(Account::new(AccountLimits::default()));
        let hooks = LocalSet::new();
        let mut runs = Vec::new();
        for _ in 0..self.share {
            let mut call = Invocation::new(Runner::new_id());
            call.budget.timeout = None;
            let cancel = Cancel::default();
            let wiring = Wiring {
                cancel: Some(cancel.clone()),
                ..Wiring::new(account.clone())
            };
            let (runner, module) = (runner.clone(), self.module.clone());
            let run = hooks.spawn_local(async move {
                let call = Arc::new(call);
                runner.run("sleeper", &module, &call, &wiring).await
            });
            runs.push((cancel, run));
        }
        event_loop.block_on(hooks.run_until(quiet()));
        match runs.iter().position(|(_, run)| run.is_finished()) {
            None => Ok(Waiting {
                event_loop,
                hooks,
                runs,
            }),
            Some(early) => {
                let (_, run) = runs.swap_remove(early);
                Err(match event_loop.block_on(hooks.run_until(run)) {
                    Ok(report) => named(&report.message.unwrap_or_default()),
                    Err(why) => named(&why),
                })
            }
        }
    }
}

/// Until this thread has nothing to compute: all wait.
async fn quiet() {
    let mut before = samples::spent_here();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = samples::spent_here();
        if now.saturating_sub(before) < Duration::from_millis(1) {
            return;
        }
        before = now;
    }
}

type Run = (Cancel, tokio::task::JoinHandle<Report>);

struct Waiting {
    event_loop: EventLoop,
    hooks: LocalSet,
    runs: Vec<Run>,
}

impl Waiting {
    /// Tells all of them to end, and sees that they do.
    fn end(self) -> Result<(), String> {
        for (cancel, _) in &self.runs {
            cancel.cancel(CancelReason::Terminated);
        }
        for (_, run) in self.runs {
            let report = self.event_loop.block_on(self.hooks.run_until(run));
            let report = report.map_err(|why| why.to_string())?;
            if report.outcome != Outcome::Cancelled(CancelReason::Terminated) {
                return Err(format!("a hook ended as {}", report.outcome.as_str()));
            }
        }
        Ok(())
    }
}
