//! Where a run's memory and CPU time are charged, and how it is paced.
//!
//! The sandbox charges a [`Meter`] without knowing whose it is; the ledger keeps
//! accounts without knowing what runs. The runner hands the one to the other. Time is
//! an argument.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// A charge was refused: the account, or one above it, is at its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("memory limit of {max} bytes exceeded: {current} in use, {asked} more asked for")]
pub struct OverLimit {
    /// The limit that was met.
    pub max: u64,
    /// Charged to that account at the time.
    pub current: u64,
    /// What would have come on top.
    pub asked: u64,
}

/// A stretch of work of one thread, measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// When it began.
    pub from: Instant,
    /// When it was over.
    pub until: Instant,
    /// CPU time of it, in nanoseconds.
    pub cpu_nsec: u64,
    /// The part of that which the kernel worked.
    pub system_nsec: u64,
}

/// How far a run may compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// As far as it likes.
    Unlimited,
    /// For so much CPU time; then it is to ask again.
    Left(Duration),
    /// Not before then.
    Throttled {
        /// When the period begins that has CPU time again.
        until: Instant,
    },
}

/// The periods of a CPU limit, one after the other without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// When number 0 began.
    pub origin: Instant,
    /// Of each; never 0.
    pub length: Duration,
}

impl Periods {
    /// The number of the period that `at` is in.
    #[must_use]
    pub fn number(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.origin).as_nanos();
        u64::try_from(since / self.length.as_nanos().max(1)).unwrap_or(u64::MAX)
    }

    /// When a period begins.
    #[must_use]
    pub fn start(&self, number: u64) -> Instant {
        let nanos = self.length.as_nanos().saturating_mul(number.into());
        let since = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        // Where no clock can tell, the far future is as good.
        let far = Duration::from_secs(1 << 32);
        let late = || self.origin.checked_add(far).unwrap_or(self.origin);
        self.origin.checked_add(since).unwrap_or_else(late)
    }

    /// Those that a pause touched: the one that it ended at the beginning of is not.
    #[must_use]
    pub fn paused(&self, from: Instant, until: Instant) -> (u64, u64) {
        let first = self.number(from);
        (first, first.max(self.number(until).saturating_sub(1)))
    }
}

/// How many periods something happened in; each counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeriodCount {
    /// So far.
    pub count: u64,
    next: u64,
}

impl PeriodCount {
    /// It happened from the period `first` to the period `last`.
    pub fn add(&mut self, (first, last): (u64, u64)) {
        let first = first.max(self.next);
        if first <= last {
            self.count += last - first + 1;
            self.next = last.saturating_add(1);
        }
    }
}

/// Makes whoever computes look up and ask for its allowance again. May be called from
/// any thread.
pub trait Bell: Send + Sync {
    /// Rings.
    fn ring(&self);
}

/// What a run gets of a worker that others want too: its weight among the members of
/// one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Names the member; no two accounts have the same.
    pub member: u64,
    /// `cpu.weight`, 1..=10000.
    pub weight: u64,
}

/// An account as the sandbox sees it.
pub trait Meter: Send + Sync {
    /// Takes `bytes` more.
    ///
    /// # Errors
    /// [`OverLimit`] where this account or one above it would pass its limit; then
    /// nothing is charged, and the kill is counted.
    fn charge_memory(&self, bytes: u64) -> Result<(), OverLimit>;

    /// Gives `bytes` back that were charged before.
    fn uncharge_memory(&self, bytes: u64);

    /// Bytes that may still be charged; `None` without a limit.
    fn memory_left(&self) -> Option<u64>;

    /// Asks whether to compute from now on. What is allowed must be ended by
    /// [`Meter::end_work`]; the `bell` is rung where less is allowed than was said.
    fn begin_work(&self, now: Instant, bell: &Arc<dyn Bell>) -> Allowance;

    /// Charges what came of a [`Meter::begin_work`] that was at `began`.
    fn end_work(&self, began: Instant, work: &Work);

    /// Charges work that was done on the run's behalf without asking.
    fn charge_cpu(&self, work: &Work);

    /// Counts a pause that an [`Allowance::Throttled`] made.
    fn charge_throttled(&self, from: Instant, until: Instant);

    /// The periods of the nearest CPU limit, which begin now if they have not; `None`
    /// without a limit.
    fn periods(&self, now: Instant) -> Option<Periods>;

    /// This account's weight and those of the accounts above it, the root's member
    /// first.
    fn weights(&self) -> Vec<Weight>;
}

/// Charges nobody: for tests, and for benchmarks of what accounts cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Free;

impl Meter for Free {
    fn charge_memory(&self, _: u64) -> Result<(), OverLimit> {
        Ok(())
    }

    fn uncharge_memory(&self, _: u64) {}

    fn memory_left(&self) -> Option<u64> {
        None
    }

    fn begin_work(&self, _: Instant, _: &Arc<dyn Bell>) -> Allowance {
        Allowance::Unlimited
    }

    fn end_work(&self, _: Instant, _: &Work) {}

    fn charge_cpu(&self, _: &Work) {}

    fn charge_throttled(&self, _: Instant, _: Instant) {}

    fn periods(&self, _: Instant) -> Option<Periods> {
        None
    }

    fn weights(&self) -> Vec<Weight> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_counts_once() {
        let mut periods = PeriodCount::default();
        for (span, count) in [
            ((0, 0), 1),
            ((0, 2), 3),
            ((1, 2), 3),
            ((7, 7), 4),
            ((3, 6), 4),
        ] {
            periods.add(span);
            assert_eq!(periods.count, count, "{span:?}");
        }
    }

    #[test]
    fn a_pause_ends_before_the_period_that_ends_it() {
        let origin = Instant::now();
        let length = Duration::from_millis(100);
        let periods = Periods { origin, length };
        let at = |ms| origin + Duration::from_millis(ms);
        assert_eq!(periods.number(at(99)), 0);
        assert_eq!(periods.number(at(100)), 1);
        assert_eq!(periods.start(3), at(300));
        assert_eq!(periods.paused(at(50), at(101)), (0, 0));
        assert_eq!(periods.paused(at(50), at(300)), (0, 2));
        assert_eq!(periods.paused(at(50), at(60)), (0, 0));
        assert!(periods.start(u64::MAX) > at(1));
    }
}
