//! What the kernel counted in a cgroup, and how much of it since.

use super::{Cgroup, CgroupError, Place, Version, files};

/// `cpu.stat` and the kills of `memory.events`, for all who are in the cgroup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// CPU time in nanoseconds.
    pub usage_nsec: Option<u64>,
    /// Periods with somebody runnable.
    pub nr_periods: Option<u64>,
    /// Periods that somebody was throttled in.
    pub nr_throttled: Option<u64>,
    /// Nanoseconds stood throttled, over all CPUs.
    pub throttled_nsec: Option<u64>,
    /// Charges that met the limit.
    pub memory_max: Option<u64>,
    /// Processes killed for want of memory.
    pub oom_kill: Option<u64>,
}

impl Cgroup {
    /// Reads them; a file that is not there counts nothing.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub fn counters(&self) -> Result<Counters, CgroupError> {
        let mut found = Counters::default();
        if let Some(place) = &self.cpu {
            found.read_cpu(place)?;
        }
        if let Some(place) = &self.cpuacct {
            found.usage_nsec = files::number(&place.folder, "cpuacct.usage")?;
        }
        if let Some(place) = &self.memory {
            found.read_memory(place)?;
        }
        Ok(found)
    }
}

impl Counters {
    fn read_cpu(&mut self, place: &Place) -> Result<(), CgroupError> {
        let Some(text) = files::text(&place.folder, "cpu.stat")? else {
            return Ok(());
        };
        let count = |key| files::keyed(&text, key);
        let of_usec = |key| count(key).map(|usec| usec.saturating_mul(1000));
        self.nr_periods = count("nr_periods");
        self.nr_throttled = count("nr_throttled");
        match place.version {
            Version::V1 => self.throttled_nsec = count("throttled_time"),
            Version::V2 => {
                self.throttled_nsec = of_usec("throttled_usec");
                self.usage_nsec = of_usec("usage_usec");
            }
        }
        Ok(())
    }

    fn read_memory(&mut self, place: &Place) -> Result<(), CgroupError> {
        let folder = &place.folder;
        let file = match place.version {
            Version::V1 => {
                self.memory_max = files::number(folder, "memory.failcnt")?;
                "memory.oom_control"
            }
            Version::V2 => "memory.events",
        };
        let text = files::text(folder, file)?.unwrap_or_default();
        self.oom_kill = files::keyed(&text, "oom_kill");
        self.memory_max = self.memory_max.or(files::keyed(&text, "max"));
        Ok(())
    }

    /// What came on top of `before`; `None` where a counter went backwards, which no
    /// kernel's does.
    #[must_use]
    pub fn since(&self, before: &Self) -> Option<Self> {
        let more = |now: Option<u64>, before: Option<u64>| match (now, before) {
            (Some(now), Some(before)) => now.checked_sub(before).map(Some),
            (None, _) | (_, None) => Some(None),
        };
        Some(Self {
            usage_nsec: more(self.usage_nsec, before.usage_nsec)?,
            nr_periods: more(self.nr_periods, before.nr_periods)?,
            nr_throttled: more(self.nr_throttled, before.nr_throttled)?,
            throttled_nsec: more(self.throttled_nsec, before.throttled_nsec)?,
            memory_max: more(self.memory_max, before.memory_max)?,
            oom_kill: more(self.oom_kill, before.oom_kill)?,
        })
    }
}
