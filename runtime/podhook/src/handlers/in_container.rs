//! A path in a container, as podhook reaches it.
//!
//! A container with an overlay has a root of its own, and its links lead within it: so
//! they are followed there, never on the machine. Knows processes and paths; not what
//! they are for.

use podhook_lifecycle::spec::ContainerSpec;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A running container's files.
#[derive(Debug)]
pub(crate) struct Place {
    main: u32,
    /// Whether its root is not the machine's.
    isolated: bool,
    working_dir: PathBuf,
    /// Folders that were looked up, open for as long as they may be used.
    open: Mutex<Vec<OwnedFd>>,
}

impl Place {
    /// Of the container with this main process.
    pub(crate) fn new(main: u32, isolated: bool, spec: &ContainerSpec) -> Self {
        let named = spec.working_dir.as_deref().unwrap_or_default();
        Self {
            main,
            isolated,
            working_dir: Path::new("/").join(named),
            open: Mutex::default(),
        }
    }

    /// The main process.
    pub(crate) fn main(&self) -> u32 {
        self.main
    }

    /// Whether the main process has ended, and with it all that a runtime would have
    /// started beside it (R31).
    pub(crate) fn has_ended(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.main));
        let stat = stat.unwrap_or_default();
        // The name before it may contain anything.
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.trim_start().chars().next());
        matches!(state, None | Some('Z' | 'X'))
    }

    /// The folder `path` of the container, as a path of this process; it holds as long
    /// as this.
    pub(crate) fn path(&self, path: &Path) -> io::Result<PathBuf> {
        let path = self.working_dir.join(path);
        if !self.isolated {
            return Ok(path);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(self.root(), flags, Mode::empty())?;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let folder = openat2(&root, &path, flags, Mode::empty(), resolve)?;
        let reached = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        if let Ok(mut open) = self.open.lock() {
            open.push(folder);
        }
        Ok(reached)
    }

    fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.main))
    }
}
