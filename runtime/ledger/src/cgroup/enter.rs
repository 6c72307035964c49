//! Moving into a cgroup, so that the kernel keeps the account there.
//!
//! A process takes its CPU time and the memory it touches from then on along; a thread
//! alone, which only v1 lets go anywhere, takes its CPU time: memory stays with its
//! process. Believed is what /proc says afterwards, not that a file could be written:
//! anybody can make files.

use super::{Cgroup, Place, Version};
use rustix::fs::statfs;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Who moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    /// This process with all its threads.
    Process,
    /// This thread.
    Thread,
}

/// How the kernel can be had to keep a hook's account in a cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// This process is in it already.
    Inside,
    /// A process of its own can move there, for CPU time and memory.
    Process,
    /// Only a thread is worth moving, for CPU time.
    Thread,
    /// Not at all; why.
    Closed(String),
}

/// Which resources the kernel accounts for there, since somebody moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entered {
    /// CPU time.
    pub cpu: bool,
    /// And `cpu.max` binds.
    pub throttles: bool,
    /// Memory, and its limit.
    pub memory: bool,
}

/// `CGROUP_SUPER_MAGIC` of the kernel.
const CGROUP: u64 = 0x0027_e0eb;
/// `CGROUP2_SUPER_MAGIC` of the kernel.
const CGROUP2: u64 = 0x6367_7270;

impl Cgroup {
    /// How the account can be handed to the kernel; nobody is moved for that.
    #[must_use]
    pub fn entry(&self) -> Entry {
        let places = self.places();
        if !places.is_empty() && self.inside("self") == places.len() {
            return Entry::Inside;
        }
        let opened = |place: &Place, mover| open(place, mover).map(drop);
        let Some(cpu) = self.cpu.as_ref().or(self.cpuacct.as_ref()) else {
            return Entry::Closed("it has no part in the accounting of CPU time".to_owned());
        };
        let memory = self.memory.as_ref();
        match memory.map(|memory| opened(memory, Mover::Process)) {
            Some(Ok(())) if opened(cpu, Mover::Process).is_ok() => Entry::Process,
            _ => match opened(cpu, Mover::Thread) {
                Ok(()) => Entry::Thread,
                Err(why) => Entry::Closed(format!("{}: {why}", cpu.folder.display())),
            },
        }
    }

    /// Moves whoever is to move, as far as it can be done. Says what the kernel now
    /// accounts for: nothing where nobody could move.
    pub fn enter(&self, mover: Mover) -> Entered {
        for place in self.places() {
            // Whether it was done, /proc will tell.
            let _ = open(place, mover).and_then(|mut file| file.write_all(b"0"));
        }
        match mover {
            Mover::Process => self.entered("self"),
            Mover::Thread => Entered {
                memory: false,
                ..self.entered("thread-self")
            },
        }
    }

    /// What the kernel accounts for here of a process or thread under /proc.
    #[must_use]
    pub fn entered(&self, who: &str) -> Entered {
        match Self::of_process(who, None) {
            Ok(own) => self.accounts_for(&own),
            Err(_) => Entered::default(),
        }
    }

    /// What the kernel accounts for here of this process, which is in this cgroup.
    #[must_use]
    pub fn as_own(&self) -> Entered {
        self.accounts_for(self)
    }

    /// What the kernel accounts for here of who is in `own`.
    fn accounts_for(&self, own: &Self) -> Entered {
        let same = |one: &Option<Place>, own: &Option<Place>| one.is_some() && one == own;
        let has = |place: &Option<Place>, v1: &str, v2: &str| {
            place.as_ref().is_some_and(|place| {
                let file = match place.version {
                    Version::V1 => v1,
                    Version::V2 => v2,
                };
                place.folder.join(file).is_file()
            })
        };
        let cpu = same(&self.cpu, &own.cpu);
        let accounts = has(&self.cpu, "cpu.stat", "cpu.stat");
        let memory = has(&self.memory, "memory.usage_in_bytes", "memory.current");
        Entered {
            cpu: (cpu && accounts) || same(&self.cpuacct, &own.cpuacct),
            throttles: cpu && has(&self.cpu, "cpu.cfs_quota_us", "cpu.max"),
            memory: same(&self.memory, &own.memory) && memory,
        }
    }

    /// Its places, each once.
    fn places(&self) -> Vec<&Place> {
        let mut places: Vec<&Place> = Vec::new();
        for place in [&self.cpu, &self.cpuacct, &self.memory]
            .into_iter()
            .flatten()
        {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// How many of its places a process is in.
    fn inside(&self, who: &str) -> usize {
        let own = Self::of_process(who, None).unwrap_or_default();
        let own = own.places();
        self.places()
            .iter()
            .filter(|place| own.contains(place))
            .count()
    }
}

/// The file that whoever writes to it is moved by, if it is a kernel's.
fn open(place: &Place, mover: Mover) -> io::Result<File> {
    let name = match (mover, place.version) {
        (Mover::Process, _) => "cgroup.procs",
        (Mover::Thread, Version::V1) => "tasks",
        (Mover::Thread, Version::V2) => "cgroup.threads",
    };
    if version_of(&place.folder) != Some(place.version) {
        return Err(io::Error::other("not in a cgroup file system"));
    }
    File::options().write(true).open(place.folder.join(name))
}

/// Of the kernel's file system that a folder is in; `None`: in none for cgroups.
pub(super) fn version_of(folder: &Path) -> Option<Version> {
    let kind = u64::try_from(statfs(folder).ok()?.f_type).ok()?;
    match kind {
        CGROUP => Some(Version::V1),
        CGROUP2 => Some(Version::V2),
        _ => None,
    }
}
