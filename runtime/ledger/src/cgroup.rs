//! A real cgroup: where its files are and what they limit it to.
//!
//! Both generations behind one type. A cgroup's files are untrusted: somebody else
//! writes them, and in a tree made for tests anybody may. Follows the kernel's
//! `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/`. Who is in the cgroup and
//! who pays there is not known here.

mod counters;
mod enter;
mod files;
mod find;
mod limits;

use std::io;
use std::path::{Path, PathBuf};

pub use counters::Counters;
pub use enter::{Entered, Entry, Mover};
pub use find::CgroupName;
pub use limits::{Binding, CgroupLimits};

/// Which generation a hierarchy is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A hierarchy for every controller.
    V1,
    /// One for all.
    V2,
}

/// A cgroup's place in one hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Of the hierarchy.
    pub version: Version,
    /// The folder that the hierarchy begins at.
    root: PathBuf,
    /// The cgroup's own folder: `root` or below it.
    folder: PathBuf,
}

impl Place {
    /// The cgroup's own folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folders of this cgroup and those above it, upwards.
    fn levels(&self) -> impl Iterator<Item = &Path> {
        let levels = self.folder.ancestors();
        levels.take_while(|folder| folder.starts_with(&self.root))
    }
}

/// A cgroup: its place in the hierarchy of each controller, as far as it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cgroup {
    /// `cpu`: limits and weight.
    pub cpu: Option<Place>,
    /// `cpuacct` of v1: what was used.
    pub cpuacct: Option<Place>,
    /// `memory`.
    pub memory: Option<Place>,
    /// A process in it, where one was named.
    pub process: Option<u32>,
}

/// Why nothing is known of a cgroup.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// There is none.
    #[error("{}: no such cgroup", .0.display())]
    NotFound(PathBuf),
    /// A folder that is none.
    #[error("{}: {why}", .path.display())]
    NotACgroup {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file cannot be read.
    #[error("{}: {why}", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A file has something else in it than a kernel would write.
    #[error("{}: {text:?} is not {expected}", .path.display())]
    Garbage {
        /// Which.
        path: PathBuf,
        /// Its beginning.
        text: String,
        /// What should be there.
        expected: &'static str,
    },
}

impl CgroupError {
    /// Whether what was named is not there at all.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }
}

#[cfg(test)]
mod tests;
