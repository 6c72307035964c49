//! One account of the tree: memory with a limit, CPU time.

use podhook_lifecycle::{MemoryEvents, MemoryUsage, Meter, OverLimit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A cgroup's stand-in. Every hook of a container, and every concurrent one,
/// charges the same account; it may be shared between threads.
#[derive(Debug, Default)]
pub struct Account {
    parent: Option<Arc<Account>>,
    /// Bytes; `None`: no limit, as `max` in `memory.max`.
    memory_max: Option<u64>,
    memory: AtomicU64,
    memory_peak: AtomicU64,
    kills: AtomicU64,
    cpu_nanos: AtomicU64,
}

impl Account {
    /// An account of its own, with a limit in bytes or none.
    #[must_use]
    pub fn new(memory_max: Option<u64>) -> Self {
        Self {
            memory_max,
            ..Self::default()
        }
    }

    /// An account under `parent`, whose limit binds as well.
    #[must_use]
    pub fn under(parent: Arc<Account>, memory_max: Option<u64>) -> Self {
        Self {
            parent: Some(parent),
            memory_max,
            ..Self::default()
        }
    }

    /// The limit of this account alone in bytes: `memory.max`.
    #[must_use]
    pub fn memory_max(&self) -> Option<u64> {
        self.memory_max
    }

    /// `memory.current`, `memory.peak` and `memory.events`.
    #[must_use]
    pub fn memory(&self) -> MemoryUsage {
        MemoryUsage {
            current: self.memory.load(Relaxed),
            peak: self.memory_peak.load(Relaxed),
            events: MemoryEvents::kills(self.kills.load(Relaxed)),
        }
    }

    /// CPU time charged so far, to this account and those below it.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu_nanos.load(Relaxed))
    }

    /// Takes `bytes` on this account alone.
    fn take(&self, bytes: u64) -> Result<(), OverLimit> {
        let max = self.memory_max.unwrap_or(u64::MAX);
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

    /// As in `memory.events`: the kill of who is charged here counts here and above,
    /// whoever's limit it was.
    fn count_kill(&self) {
        for account in self.path() {
            account.kills.fetch_add(1, Relaxed);
        }
    }

    /// This account and those above it, upwards.
    fn path(&self) -> impl Iterator<Item = &Account> {
        std::iter::successors(Some(self), |account| account.parent.as_deref())
    }
}

impl Meter for Account {
    fn charge_memory(&self, bytes: u64) -> Result<(), OverLimit> {
        for (depth, account) in self.path().enumerate() {
            if let Err(over) = account.take(bytes) {
                self.path()
                    .take(depth)
                    .for_each(|below| below.give_back(bytes));
                self.count_kill();
                return Err(over);
            }
        }
        Ok(())
    }

    fn uncharge_memory(&self, bytes: u64) {
        self.path().for_each(|account| account.give_back(bytes));
    }

    fn charge_cpu(&self, used: Duration) {
        let nanos = u64::try_from(used.as_nanos()).unwrap_or(u64::MAX);
        for account in self.path() {
            account.cpu_nanos.fetch_add(nanos, Relaxed);
        }
    }

    fn memory_left(&self) -> Option<u64> {
        self.path()
            .filter_map(|account| {
                let max = account.memory_max?;
                Some(max.saturating_sub(account.memory.load(Relaxed)))
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_over_the_limit_takes_nothing_and_counts_a_kill() {
        let account = Account::new(Some(100));
        account.charge_memory(60).unwrap();
        let over = account.charge_memory(41).unwrap_err();
        assert_eq!((over.max, over.current, over.asked), (100, 60, 41));
        account.charge_memory(40).unwrap();
        assert_eq!(account.memory_left(), Some(0));
        account.uncharge_memory(100);
        let memory = account.memory();
        assert_eq!((memory.current, memory.peak), (0, 100));
        assert_eq!(memory.events.oom_kill, 1);
    }

    #[test]
    fn a_limit_above_binds_and_what_was_taken_below_is_given_back() {
        let pod = Arc::new(Account::new(Some(100)));
        let one = Account::under(pod.clone(), None);
        let two = Account::under(pod.clone(), Some(90));
        one.charge_memory(50).unwrap();
        assert_eq!(two.memory_left(), Some(50));
        assert_eq!(two.charge_memory(51).unwrap_err().max, 100);
        assert_eq!(two.memory().current, 0);
        assert_eq!(pod.memory().current, 50);
    }

    #[test]
    fn cpu_time_goes_up_to_the_root() {
        let pod = Arc::new(Account::new(None));
        let container = Account::under(pod.clone(), None);
        container.charge_cpu(Duration::from_micros(3));
        container.charge_cpu(Duration::from_micros(4));
        assert_eq!(pod.cpu(), Duration::from_micros(7));
    }
}
