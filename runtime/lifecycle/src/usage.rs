//! What an invocation used, in the names and units of the cgroup v2 files.

/// All of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// `cpu.stat`.
    pub cpu: CpuUsage,
    /// `memory.current`, `memory.peak`, `memory.events`.
    pub memory: MemoryUsage,
    /// `None` where fuel was not counted.
    pub fuel: Option<FuelUsage>,
}

/// `cpu.stat`: measured CPU time, not wall time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuUsage {
    /// Nanoseconds in all; reports show whole microseconds.
    pub usage_nsec: u64,
    /// Nanoseconds of it that the kernel worked for the hook.
    pub system_nsec: u64,
    /// Periods in which the hook was runnable under a quota.
    pub nr_periods: u64,
    /// Periods in which it was paused.
    pub nr_throttled: u64,
    /// Microseconds it stood paused.
    pub throttled_usec: u64,
}

/// `memory.*`, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryUsage {
    /// When the hook ended.
    pub current: u64,
    /// At most.
    pub peak: u64,
    /// How often limits were met.
    pub events: MemoryEvents,
}

/// `memory.events`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryEvents {
    /// Charges that met the limit.
    pub max: u64,
    /// Times the account was out of memory.
    pub oom: u64,
    /// Hooks ended for it.
    pub oom_kill: u64,
}

impl MemoryEvents {
    /// After so many kills: each met the limit once and was out of memory once.
    #[must_use]
    pub const fn kills(kills: u64) -> Self {
        Self {
            max: kills,
            oom: kills,
            oom_kill: kills,
        }
    }
}

/// Units of computation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FuelUsage {
    /// Spent.
    pub consumed: u64,
}
