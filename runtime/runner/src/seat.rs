//! Where a run sits while it is charged: where podhook is, or in the container's cgroup,
//! whose account the kernel keeps.

use crate::hook_account::{Found, Inside};
use podhook_ledger::cgroup::{Counters, Entered, Entry, Mover};
use podhook_lifecycle::{Accounting, Keeper, Level, LogRecord, Report};
use rustix::time::{ClockId, clock_gettime};

/// What podhook itself touches in a cgroup while a hook runs there: stacks, the
/// runtime's buffers, the report. The hook's memory stays so far below the limit, so
/// that it is ended by us and not, with all its container, by the kernel.
const RESERVE: u64 = 2 << 20;

/// How a run gets to its seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It stays where it is.
    Stay,
    /// This thread moves.
    Thread,
    /// This process moves, which is there for nothing else.
    Process,
    /// This process, there for nothing else, is in the cgroup, which is its own.
    Own,
}

impl Way {
    /// Whether all that the process does is for the run.
    fn is_all(self) -> bool {
        matches!(self, Self::Process | Self::Own)
    }
}

/// A seat that is taken.
pub struct Seat<'f> {
    found: Option<&'f Found>,
    entered: Entered,
    /// Why the kernel keeps no account, where it could have been expected to.
    why_not: Option<String>,
    before: Option<Counters>,
    cpu_before: u64,
    way: Way,
}

impl<'f> Seat<'f> {
    /// Moves there. `entry`: what was found out before, if there is a cgroup.
    #[must_use]
    pub fn take(found: Option<&'f Found>, entry: Option<&Entry>, way: Way) -> Self {
        let cgroup = found.map(|found| &found.cgroup);
        // Nothing is throttled where there is no limit; reading takes longer than a hook.
        let counts =
            |found: &&Found| way != Way::Own || found.limits.limits.cpu.quota_usec.is_some();
        let counted = found.filter(counts);
        let before = counted.and_then(|found| found.cgroup.counters().ok());
        let cpu_before = process_nanos();
        let entered = cgroup.map(|cgroup| match (way, entry) {
            (Way::Process, _) => cgroup.enter(Mover::Process),
            (Way::Thread, _) => cgroup.enter(Mover::Thread),
            (Way::Own, _) => cgroup.as_own(),
            (Way::Stay, Some(Entry::Inside)) => cgroup.entered("self"),
            (Way::Stay, _) => Entered::default(),
        });
        Self {
            found,
            entered: entered.unwrap_or_default(),
            why_not: match entry {
                Some(Entry::Closed(why)) => Some(why.clone()),
                Some(Entry::Inside | Entry::Process | Entry::Thread) | None => None,
            },
            before,
            cpu_before,
            way,
        }
    }

    /// What differs for the ledger.
    #[must_use]
    pub fn inside(&self) -> Inside {
        Inside {
            is_throttled: self.entered.throttles,
            reserve: match self.entered.memory {
                true => RESERVE,
                false => 0,
            },
        }
    }

    /// The run is over: what the kernel counted goes into the report.
    pub fn leave(self, report: &mut Report) {
        let keeper = |kernel| match kernel {
            true => Keeper::Kernel,
            false => Keeper::Ledger,
        };
        report.accounting = Accounting {
            cpu: keeper(self.entered.cpu),
            memory: keeper(self.entered.memory),
        };
        if let Some(why) = &self.why_not {
            let text = format!("podhook keeps the account, not the kernel: {why}");
            note(report, Level::Info, text);
        }
        if self.way.is_all() {
            let all = process_nanos().saturating_sub(self.cpu_before);
            let cpu = &mut report.usage.cpu;
            // Beside the hook's own thread there are those that serve it.
            cpu.system_nsec += all.saturating_sub(cpu.usage_nsec);
            cpu.usage_nsec = cpu.usage_nsec.max(all);
        }
        self.compare(report);
    }

    /// Counters of the kernel, if they can be believed.
    fn compare(&self, report: &mut Report) {
        let (Some(found), Some(before)) = (self.found, &self.before) else {
            return;
        };
        if self.entered == Entered::default() {
            return;
        }
        let now = found.cgroup.counters();
        let more = match &now {
            Ok(now) => now.since(before),
            Err(error) => {
                note(
                    report,
                    Level::Warn,
                    format!("the cgroup's counters: {error}"),
                );
                return;
            }
        };
        let Some(more) = more else {
            let text = "the cgroup's counters went backwards, and are left out".to_owned();
            return note(report, Level::Warn, text);
        };
        if self.entered.throttles {
            let vanished = more.nr_periods.is_none() && before.nr_periods.is_some();
            if vanished {
                let text = "the cgroup vanished during the run".to_owned();
                note(report, Level::Warn, text);
            }
            let cpu = &mut report.usage.cpu;
            cpu.nr_periods = more.nr_periods.unwrap_or(0);
            cpu.nr_throttled = more.nr_throttled.unwrap_or(0);
            cpu.throttled_usec = more.throttled_nsec.unwrap_or(0) / 1000;
        }
    }
}

/// CPU time of this process in nanoseconds.
fn process_nanos() -> u64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

fn note(report: &mut Report, level: Level, message: String) {
    report.logs.push(LogRecord {
        level,
        target: "podhook".to_owned(),
        message,
        fields: Vec::new(),
    });
}
