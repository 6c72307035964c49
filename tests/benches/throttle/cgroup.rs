//! Cgroups of v1 that are made for a benchmark, and removed after it.

use podhook_lifecycle::CpuMax;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A cgroup under `cpuacct`, and one under `cpu` where it has a quota.
pub(crate) struct Group {
    cpu: Option<PathBuf>,
    cpuacct: PathBuf,
}

/// `cpu.stat`.
pub(crate) struct Stat {
    pub(crate) nr_periods: u64,
    pub(crate) nr_throttled: u64,
    pub(crate) throttled_nsec: u64,
}

impl Stat {
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            nr_periods: self.nr_periods - before.nr_periods,
            nr_throttled: self.nr_throttled - before.nr_throttled,
            throttled_nsec: self.throttled_nsec - before.throttled_nsec,
        }
    }
}

static GROUPS: AtomicU64 = AtomicU64::new(0);

const ROOT: &str = "/sys/fs/cgroup";

impl Group {
    pub(crate) fn make(name: &str, quota: Option<CpuMax>) -> io::Result<Arc<Self>> {
        let number = GROUPS.fetch_add(1, Relaxed);
        let name = format!("{name}-{}-{number}", std::process::id());
        let make = |controller: &str| {
            let folder = Path::new(ROOT).join(controller).join(&name);
            fs::create_dir(&folder).map(|()| folder)
        };
        let mut made = Self {
            cpuacct: make("cpuacct")?,
            cpu: None,
        };
        if let Some(quota) = quota {
            let cpu = make("cpu")?;
            fs::write(cpu.join("cpu.cfs_period_us"), quota.period_usec.to_string())?;
            let usec = quota.quota_usec.unwrap_or_default();
            fs::write(cpu.join("cpu.cfs_quota_us"), usec.to_string())?;
            made.cpu = Some(cpu);
        }
        Ok(Arc::new(made))
    }

    pub(crate) fn join_thread(&self) {
        for folder in self.folders() {
            fs::write(folder.join("tasks"), "0").unwrap();
        }
    }

    pub(crate) fn leave_thread(&self) {
        for folder in self.folders() {
            fs::write(folder.parent().unwrap().join("tasks"), "0").unwrap();
        }
    }

    fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.cpu.iter().chain([&self.cpuacct])
    }

    /// CPU time in nanoseconds.
    pub(crate) fn usage(&self) -> u64 {
        let text = fs::read_to_string(self.cpuacct.join("cpuacct.usage")).unwrap();
        text.trim().parse().unwrap()
    }

    pub(crate) fn stat(&self) -> Stat {
        let text = fs::read_to_string(self.cpu.as_ref().unwrap().join("cpu.stat")).unwrap();
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap().trim().parse().unwrap()
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

/// CPU time of threads by name.
pub(crate) struct Threads {
    before: Vec<(PathBuf, u64)>,
}

/// Of those that are there now.
pub(crate) fn threads_nanos(name: &str) -> Threads {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let threads = threads.map(|entry| entry.unwrap().path());
    let named = threads.filter(|thread| {
        fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim() == name)
    });
    Threads {
        before: named
            .filter_map(|thread| Some((thread.clone(), nanos(&thread)?)))
            .collect(),
    }
}

impl Threads {
    /// What those used since that are still there.
    pub(crate) fn since(&self) -> u64 {
        let each = self.before.iter();
        each.filter_map(|(thread, before)| Some(nanos(thread)?.saturating_sub(*before)))
            .sum()
    }
}

fn nanos(thread: &Path) -> Option<u64> {
    let text = fs::read_to_string(thread.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}
