//! Cgroups of the first generation that are made to measure in, and removed afterwards.

use podhook_lifecycle::CpuMax;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A cgroup under `cpuacct`, and one under `cpu` where it has a quota.
pub(super) struct Group {
    cpuacct: PathBuf,
    cpu: Option<PathBuf>,
}

/// `cpu.stat`.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Stat {
    pub(super) nr_periods: u64,
    pub(super) nr_throttled: u64,
    pub(super) throttled_nsec: u64,
}

impl Stat {
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            nr_periods: self.nr_periods.saturating_sub(before.nr_periods),
            nr_throttled: self.nr_throttled.saturating_sub(before.nr_throttled),
            throttled_nsec: self.throttled_nsec.saturating_sub(before.throttled_nsec),
        }
    }
}

const ROOT: &str = "/sys/fs/cgroup";

/// So that names differ.
static GROUPS: AtomicU64 = AtomicU64::new(0);

impl Group {
    pub(super) fn make(quota: Option<CpuMax>) -> io::Result<Arc<Self>> {
        let number = GROUPS.fetch_add(1, Relaxed);
        let name = format!("podhook-bench-{}-{number}", std::process::id());
        let make = |controller: &str| {
            let folder = Path::new(ROOT).join(controller).join(&name);
            let made = fs::create_dir(&folder);
            let named = |why| io::Error::other(format!("{}: {why}", folder.display()));
            made.map_err(named).map(|()| folder)
        };
        let mut group = Self {
            cpuacct: make("cpuacct")?,
            cpu: None,
        };
        if let Some(quota) = quota {
            let cpu = make("cpu")?;
            group.cpu = Some(cpu.clone());
            let usec = quota.quota_usec.unwrap_or_default();
            fs::write(cpu.join("cpu.cfs_period_us"), quota.period_usec.to_string())?;
            fs::write(cpu.join("cpu.cfs_quota_us"), usec.to_string())?;
        }
        Ok(Arc::new(group))
    }

    /// Moves the calling thread in.
    pub(super) fn join_thread(&self) -> io::Result<()> {
        self.folders()
            .try_for_each(|folder| fs::write(folder.join("tasks"), "0"))
    }

    /// Moves the calling thread to the cgroup above: one that has threads cannot be removed.
    pub(super) fn leave_thread(&self) -> io::Result<()> {
        self.folders()
            .try_for_each(|folder| fs::write(folder.join("../tasks"), "0"))
    }

    fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.cpu.iter().chain([&self.cpuacct])
    }

    /// CPU time in nanoseconds; 0 where it cannot be read.
    pub(super) fn usage(&self) -> u64 {
        let text = fs::read_to_string(self.cpuacct.join("cpuacct.usage"));
        let usage = text.ok().and_then(|text| text.trim().parse().ok());
        usage.unwrap_or(0)
    }

    /// Of one with a quota.
    pub(super) fn stat(&self) -> Stat {
        let file = self.cpu.as_ref().map(|cpu| cpu.join("cpu.stat"));
        let text = file.and_then(|file| fs::read_to_string(file).ok());
        let text = text.unwrap_or_default();
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|line| line.trim().parse().ok()).unwrap_or(0)
        };
        Stat {
            nr_periods: value("nr_periods "),
            nr_throttled: value("nr_throttled "),
            throttled_nsec: value("throttled_time "),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in self.folders() {
            let _ = fs::remove_dir(folder);
        }
    }
}
