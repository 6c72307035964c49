//! What a cgroup and those above it are limited to.

use super::{Cgroup, CgroupError, Place, Version, files};
use crate::{Account, AccountLimits};
use podhook_lifecycle::limits::Sources;
use podhook_lifecycle::{CpuMax, CpuWeight, Limits};
use std::path::Path;
use std::sync::Arc;

/// The tightest of all limits on the way up, and all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupLimits {
    /// What binds, and the cgroup's own weight.
    pub limits: Limits,
    /// The file that each comes from.
    pub sources: Sources,
    /// Whether the files say anything of memory, if only that it has no limit.
    pub says_memory: bool,
    /// Whether they say anything of CPU time.
    pub says_cpu: bool,
    /// Of each level that has a limit, the cgroup's own first.
    levels: Vec<Level>,
}

/// Which limits of a cgroup bind in the ledger; others are kept elsewhere, or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// `cpu.max`.
    pub cpu: bool,
    /// `memory.max`.
    pub memory: bool,
    /// Bytes of memory that are to stay free.
    pub reserve: u64,
}

impl Binding {
    /// All of them.
    pub const ALL: Self = Self {
        cpu: true,
        memory: true,
        reserve: 0,
    };
}

/// One limit of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Cpu(CpuMax),
    Memory { max: u64, current: u64 },
}

impl Cgroup {
    /// Reads them.
    ///
    /// # Errors
    /// Where a file cannot be read or has garbage in it. A file that is not there says
    /// nothing: the root has none, and neither has a cgroup without the controller.
    pub fn limits(&self) -> Result<CgroupLimits, CgroupError> {
        let mut found = self.limits_that_bind()?;
        if let Some(place) = &self.cpu {
            found.read_weight(place)?;
        }
        found.read_score(self);
        Ok(found)
    }

    /// The same without weights and scores, which say nothing to a hook that is in the
    /// cgroup already.
    ///
    /// # Errors
    /// As [`Cgroup::limits`].
    pub fn limits_that_bind(&self) -> Result<CgroupLimits, CgroupError> {
        let mut found = CgroupLimits::default();
        if let Some(place) = &self.cpu {
            found.read_cpu(place)?;
        }
        if let Some(place) = &self.memory {
            found.read_memory(place)?;
        }
        Ok(found)
    }
}

impl CgroupLimits {
    /// Accounts for all levels that have a limit which binds, with what is in use there,
    /// and the one for the cgroup itself below them.
    #[must_use]
    pub fn account(&self, binding: Binding) -> Arc<Account> {
        let mut above = None;
        for level in self.levels.iter().rev() {
            let (limits, in_use) = match *level {
                Level::Cpu(cpu) if binding.cpu => {
                    let limits = AccountLimits {
                        cpu,
                        ..AccountLimits::default()
                    };
                    (limits, 0)
                }
                Level::Memory { max, current } if binding.memory => {
                    let limits = AccountLimits {
                        memory_max: Some(max),
                        ..AccountLimits::default()
                    };
                    (limits, current.saturating_add(binding.reserve))
                }
                Level::Cpu(_) | Level::Memory { .. } => continue,
            };
            above = Some(Arc::new(below(above, limits).with_memory_in_use(in_use)));
        }
        let own = AccountLimits {
            weight: self.limits.weight.map_or(100, |weight| weight.weight),
            ..AccountLimits::default()
        };
        Arc::new(below(above, own))
    }

    fn read_cpu(&mut self, place: &Place) -> Result<(), CgroupError> {
        for folder in place.levels() {
            let Some((max, file)) = cpu_max(place.version, folder)? else {
                continue;
            };
            self.says_cpu = true;
            if max.quota_usec.is_some() {
                self.levels.push(Level::Cpu(max));
            }
            // The nearest says how long a period is, unless one above is tighter.
            let first = !self.sources.contains_key("cpu.quota_usec");
            if first || max.is_tighter(&self.limits.cpu) {
                self.limits.cpu = max;
                let period = folder.join(match place.version {
                    Version::V1 => "cpu.cfs_period_us",
                    Version::V2 => "cpu.max",
                });
                self.say(&["cpu.period_usec"], &period);
                self.say(&["cpu.quota_usec"], &folder.join(file));
            }
        }
        Ok(())
    }

    fn read_weight(&mut self, place: &Place) -> Result<(), CgroupError> {
        if let Some((weight, file)) = weight(place)? {
            self.limits.weight = Some(weight);
            let names = ["cpu.shares", "cpu.weight", "cpu.weight_linear"];
            self.say(&names, &place.folder.join(file));
        }
        Ok(())
    }

    fn read_memory(&mut self, place: &Place) -> Result<(), CgroupError> {
        let (max_file, current_file) = match place.version {
            Version::V1 => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            Version::V2 => ("memory.max", "memory.current"),
        };
        for folder in place.levels() {
            let Some(max) = memory_max(folder, max_file)? else {
                continue;
            };
            self.says_memory = true;
            let first = !self.sources.contains_key("memory.max");
            if let Some(max) = max {
                let current = files::number(folder, current_file)?.unwrap_or(0);
                self.levels.push(Level::Memory { max, current });
            }
            let tighter = max.is_some_and(|max| self.limits.memory_max.is_none_or(|now| max < now));
            if first || tighter {
                self.limits.memory_max = max;
                self.say(&["memory.max"], &folder.join(max_file));
            }
        }
        Ok(())
    }

    /// Of a process of it: not a file of the cgroup's own, and not worth an error.
    fn read_score(&mut self, cgroup: &Cgroup) {
        let Some(process) = cgroup.process else {
            return;
        };
        let folder = format!("/proc/{process}");
        let score = files::number(Path::new(&folder), "oom_score_adj");
        if let Ok(Some(score)) = score {
            self.limits.oom_score_adj = Some(score);
            self.say(
                &["oom_score_adj"],
                Path::new(&format!("{folder}/oom_score_adj")),
            );
        }
    }

    fn say(&mut self, names: &[&'static str], file: &Path) {
        for name in names {
            self.sources.insert(name, file.display().to_string());
        }
    }
}

fn below(above: Option<Arc<Account>>, limits: AccountLimits) -> Account {
    match above {
        Some(above) => Account::under(above, limits),
        None => Account::new(limits),
    }
}

/// `cpu.max`, and the file that says the quota.
fn cpu_max(version: Version, folder: &Path) -> Result<Option<(CpuMax, &'static str)>, CgroupError> {
    match version {
        Version::V2 => {
            let read = files::value(folder, "cpu.max", "QUOTA|max PERIOD", cpu_max_of)?;
            Ok(read.map(|max| (max, "cpu.max")))
        }
        Version::V1 => {
            let file = "cpu.cfs_quota_us";
            let quota = files::value(folder, file, "microseconds, or -1", |text| {
                let quota = text.parse::<i64>().ok()?;
                (quota == -1 || quota > 0).then_some(u64::try_from(quota).ok())
            })?;
            let period = files::value(folder, "cpu.cfs_period_us", "microseconds", |text| {
                text.parse().ok().filter(|&period| period > 0)
            })?;
            Ok(quota.map(|quota_usec| {
                let period_usec = period.unwrap_or(CpuMax::PERIOD_USEC);
                let max = CpuMax {
                    quota_usec,
                    period_usec,
                };
                (max, file)
            }))
        }
    }
}

/// `max 100000` or `50000 100000`; the period may be left out.
fn cpu_max_of(text: &str) -> Option<CpuMax> {
    let mut words = text.split_ascii_whitespace();
    let quota_usec = match words.next()? {
        "max" => None,
        quota => Some(quota.parse().ok().filter(|&quota| quota > 0)?),
    };
    let period_usec = match words.next() {
        Some(period) => period.parse().ok().filter(|&period| period > 0)?,
        None => CpuMax::PERIOD_USEC,
    };
    words.next().is_none().then_some(CpuMax {
        quota_usec,
        period_usec,
    })
}

fn weight(place: &Place) -> Result<Option<(CpuWeight, &'static str)>, CgroupError> {
    let folder = &place.folder;
    Ok(match place.version {
        Version::V1 => files::number(folder, "cpu.shares")?
            .map(|shares| (CpuWeight::of_shares(shares), "cpu.shares")),
        Version::V2 => files::number(folder, "cpu.weight")?
            .map(|weight| (CpuWeight::of_weight(weight), "cpu.weight")),
    })
}

/// Without a limit v1 says the largest number of whole pages.
const NONE_IN_V1: u64 = 0x7fff_ffff_ffff_0000;

/// The limit of one level; `Some(None)`: it says that there is none.
fn memory_max(folder: &Path, file: &str) -> Result<Option<Option<u64>>, CgroupError> {
    files::value(folder, file, "bytes, or max", |text| match text {
        "max" | "-1" => Some(None),
        bytes => {
            let bytes = bytes.parse().ok()?;
            Some((bytes < NONE_IN_V1).then_some(bytes))
        }
    })
}
