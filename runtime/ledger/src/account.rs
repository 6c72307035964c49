//! One account of the tree: memory with a limit, CPU time with a quota.

use crate::bandwidth::{Bandwidth, Throttling};
use podhook_lifecycle::{
    Allowance, Bell, CpuMax, CpuUsage, MemoryEvents, MemoryUsage, Meter, OverLimit, Periods,
    Weight, Work,
};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What an account is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountLimits {
    /// Bytes; `None`: no limit, as `max` in `memory.max`.
    pub memory_max: Option<u64>,
    /// `cpu.max`.
    pub cpu: CpuMax,
    /// `cpu.weight`, 1..=10000, among the accounts under the same one.
    pub weight: u64,
}

impl Default for AccountLimits {
    /// No limits, and a weight of 100, as a new cgroup has.
    fn default() -> Self {
        Self {
            memory_max: None,
            cpu: CpuMax::NONE,
            weight: 100,
        }
    }
}

/// A cgroup's stand-in. Every hook of a container, and every concurrent one,
/// charges the same account; it may be shared between threads.
pub struct Account {
    parent: Option<Arc<Account>>,
    /// No other account has it.
    number: u64,
    limits: AccountLimits,
    memory: AtomicU64,
    memory_peak: AtomicU64,
    /// `max` and `oom` of `memory.events`.
    limit_met: AtomicU64,
    kills: AtomicU64,
    cpu_nsec: AtomicU64,
    system_nsec: AtomicU64,
    /// `None` without a quota.
    bandwidth: Option<Mutex<Bandwidth>>,
    /// Whether this account or one above it has a quota.
    throttles: bool,
}

static ACCOUNTS: AtomicU64 = AtomicU64::new(0);

impl Account {
    /// An account of its own.
    #[must_use]
    pub fn new(limits: AccountLimits) -> Self {
        Self::make(None, limits)
    }

    /// An account under `parent`, whose limits bind as well.
    #[must_use]
    pub fn under(parent: Arc<Account>, limits: AccountLimits) -> Self {
        Self::make(Some(parent), limits)
    }

    fn make(parent: Option<Arc<Account>>, limits: AccountLimits) -> Self {
        let bandwidth = Bandwidth::new(limits.cpu).map(Mutex::new);
        let above = parent.as_ref().is_some_and(|parent| parent.throttles);
        Self {
            throttles: above || bandwidth.is_some(),
            number: ACCOUNTS.fetch_add(1, Relaxed),
            bandwidth,
            parent,
            limits,
            memory: AtomicU64::new(0),
            memory_peak: AtomicU64::new(0),
            limit_met: AtomicU64::new(0),
            kills: AtomicU64::new(0),
            cpu_nsec: AtomicU64::new(0),
            system_nsec: AtomicU64::new(0),
        }
    }

    /// The same, with `bytes` in use by others than hooks.
    #[must_use]
    pub fn with_memory_in_use(self, bytes: u64) -> Self {
        self.memory.fetch_add(bytes, Relaxed);
        self.memory_peak.fetch_max(bytes, Relaxed);
        self
    }

    /// The limits of this account alone.
    #[must_use]
    pub fn limits(&self) -> &AccountLimits {
        &self.limits
    }

    /// `memory.current`, `memory.peak` and `memory.events`.
    #[must_use]
    pub fn memory(&self) -> MemoryUsage {
        let limit_met = self.limit_met.load(Relaxed);
        MemoryUsage {
            current: self.memory.load(Relaxed),
            peak: self.memory_peak.load(Relaxed),
            events: MemoryEvents {
                max: limit_met,
                oom: limit_met,
                oom_kill: self.kills.load(Relaxed),
            },
        }
    }

    /// `cpu.stat`, of this account and those below it.
    #[must_use]
    pub fn cpu(&self) -> CpuUsage {
        let throttling = self
            .bandwidth
            .as_ref()
            .map(|bandwidth| lock(bandwidth).throttling());
        let Throttling {
            nr_periods,
            nr_throttled,
            throttled,
        } = throttling.unwrap_or_default();
        CpuUsage {
            usage_nsec: self.cpu_nsec.load(Relaxed),
            system_nsec: self.system_nsec.load(Relaxed),
            nr_periods,
            nr_throttled,
            throttled_usec: u64::try_from(throttled.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// Takes `bytes` on this account alone.
    fn take(&self, bytes: u64) -> Result<(), OverLimit> {
        let max = self.limits.memory_max.unwrap_or(u64::MAX);
        let taken = self.memory.fetch_update(Relaxed, Relaxed, |current| {
            current.checked_add(bytes).filter(|sum| *sum <= max)
        });
        match taken {
            Ok(before) => {
                self.memory_peak.fetch_max(before + bytes, Relaxed);
                Ok(())
            }
            Err(current) => Err(OverLimit {
                max,
                current,
                asked: bytes,
            }),
        }
    }

    /// Gives back on this account alone; never below zero.
    fn give_back(&self, bytes: u64) {
        let _ = self.memory.fetch_update(Relaxed, Relaxed, |current| {
            Some(current.saturating_sub(bytes))
        });
    }

    /// As in `memory.events`: whose limit was met counts that, with those above it; the
    /// kill of who is charged here counts here and above.
    fn count_kill(&self, limit_at: usize) {
        for (depth, account) in self.path().enumerate() {
            account.kills.fetch_add(1, Relaxed);
            if depth >= limit_at {
                account.limit_met.fetch_add(1, Relaxed);
            }
        }
    }

    /// This account and those above it, upwards.
    fn path(&self) -> impl Iterator<Item = &Account> {
        std::iter::successors(Some(self), |account| account.parent.as_deref())
    }

    /// The quotas on the way up.
    fn bandwidths(&self) -> impl Iterator<Item = MutexGuard<'_, Bandwidth>> {
        self.path()
            .take_while(|account| account.throttles)
            .filter_map(|account| account.bandwidth.as_ref().map(lock))
    }
}

fn lock(bandwidth: &Mutex<Bandwidth>) -> MutexGuard<'_, Bandwidth> {
    bandwidth.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meter for Account {
    fn charge_memory(&self, bytes: u64) -> Result<(), OverLimit> {
        for (depth, account) in self.path().enumerate() {
            if let Err(over) = account.take(bytes) {
                self.path()
                    .take(depth)
                    .for_each(|below| below.give_back(bytes));
                self.count_kill(depth);
                return Err(over);
            }
        }
        Ok(())
    }

    fn uncharge_memory(&self, bytes: u64) {
        self.path().for_each(|account| account.give_back(bytes));
    }

    fn memory_left(&self) -> Option<u64> {
        self.path()
            .filter_map(|account| {
                let max = account.limits.memory_max?;
                Some(max.saturating_sub(account.memory.load(Relaxed)))
            })
            .min()
    }

    fn begin_work(&self, now: Instant, bell: &Arc<dyn Bell>) -> Allowance {
        let mut least = Allowance::Unlimited;
        for mut bandwidth in self.bandwidths() {
            least = tighter(least, bandwidth.begin(now, bell));
        }
        if matches!(least, Allowance::Throttled { .. }) {
            self.bandwidths()
                .for_each(|mut bandwidth| bandwidth.end(now));
        }
        least
    }

    fn end_work(&self, began: Instant, work: &Work) {
        self.bandwidths()
            .for_each(|mut bandwidth| bandwidth.end(began));
        self.charge_cpu(work);
    }

    fn charge_cpu(&self, work: &Work) {
        for account in self.path() {
            account.cpu_nsec.fetch_add(work.cpu_nsec, Relaxed);
            account.system_nsec.fetch_add(work.system_nsec, Relaxed);
        }
        self.bandwidths()
            .for_each(|mut bandwidth| bandwidth.charge(work));
    }

    fn charge_throttled(&self, from: Instant, until: Instant) {
        self.bandwidths()
            .for_each(|mut bandwidth| bandwidth.pause(from, until));
    }

    fn periods(&self, now: Instant) -> Option<Periods> {
        let nearest = self.bandwidths().next();
        nearest.map(|mut bandwidth| bandwidth.periods(now))
    }

    fn weights(&self) -> Vec<Weight> {
        let mut weights: Vec<_> = self
            .path()
            .map(|account| Weight {
                member: account.number,
                weight: account.limits.weight,
            })
            .collect();
        weights.reverse();
        weights
    }
}

/// The one that allows less.
fn tighter(one: Allowance, other: Allowance) -> Allowance {
    use Allowance::{Left, Throttled, Unlimited};
    match (one, other) {
        (Unlimited, other) | (other, Unlimited) => other,
        (Throttled { until: one }, Throttled { until: other }) => Throttled {
            until: one.max(other),
        },
        (Throttled { until }, Left(_)) | (Left(_), Throttled { until }) => Throttled { until },
        (Left(one), Left(other)) => Left(one.min(other)),
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("limits", &self.limits)
            .field("memory", &self.memory())
            .field("cpu", &self.cpu())
            .field("parent", &self.parent)
            .finish()
    }
}

#[cfg(test)]
mod tests;
