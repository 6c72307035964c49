//! What a path leads to, beneath a folder.

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Or it cannot be told: what is tried with it will then fail as well.
    pub(super) is_there: bool,
    pub(super) is_folder: bool,
    /// The folder it is in, without links; `None` where that cannot be told.
    parent: Option<PathBuf>,
    /// Folders that the path itself goes through.
    names: usize,
}

impl Looked {
    /// How many folders below the deepest of `granted` it is, counting itself.
    pub(super) fn depth_below(&self, granted: &[PathBuf]) -> usize {
        let Some(parent) = &self.parent else {
            return self.names;
        };
        let below = granted
            .iter()
            .filter_map(|granted| parent.strip_prefix(granted).ok())
            .map(|rest| rest.components().count())
            .min();
        below.unwrap_or_else(|| parent.components().count()) + 1
    }
}

/// Nothing that blocks is opened: `O_PATH` asks a FIFO for nothing.
pub(super) fn look_up(dir: &File, path: &str) -> Looked {
    let found = beneath(dir, path, OFlags::NOFOLLOW);
    let path = Path::new(path);
    let names = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    Looked {
        is_there: !matches!(found, Err(Errno::NOENT)),
        is_folder: found.is_ok_and(|found| is_folder(&found)),
        parent: parent(dir, path),
        names: names.count(),
    }
}

fn beneath(dir: &File, path: impl rustix::path::Arg, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::PATH | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    openat2(dir, path, flags, Mode::empty(), resolve)
}

fn is_folder(file: &impl AsFd) -> bool {
    fstat(file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// As the kernel knows it: a count of a path's names could be led astray by links.
fn parent(dir: &File, path: &Path) -> Option<PathBuf> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let held = above.map(|above| beneath(dir, above, OFlags::DIRECTORY));
    let fd = match &held {
        Some(Ok(parent)) => parent.as_raw_fd(),
        Some(Err(_)) => return None,
        None => dir.as_raw_fd(),
    };
    std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn depth_is_where_a_folder_is_and_not_how_it_is_written() {
        let kept = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(kept.path()).unwrap();
        fs::create_dir_all(folder.join("a/b/c")).unwrap();
        std::os::unix::fs::symlink("a/b/c", folder.join("short")).unwrap();
        let dir = File::open(&folder).unwrap();
        let granted = [folder.clone()];
        let depth = |path: &str| look_up(&dir, path).depth_below(&granted);
        assert_eq!(depth("x"), 1);
        assert_eq!(depth("a/b/c/x"), 4);
        assert_eq!(depth("short/x"), 4);
        assert_eq!(depth("a/../a/b/../b/x"), 3);
        let deep = File::open(folder.join("a/b")).unwrap();
        assert_eq!(look_up(&deep, "x").depth_below(&granted), 3);
    }

    #[test]
    fn what_is_outside_is_not_looked_at() {
        let kept = tempfile::tempdir().unwrap();
        fs::create_dir(kept.path().join("in")).unwrap();
        fs::write(kept.path().join("out"), "").unwrap();
        let dir = File::open(kept.path().join("in")).unwrap();
        // Not told apart: nothing is learnt from a count.
        assert!(look_up(&dir, "../out").is_there);
        assert!(look_up(&dir, "../none").is_there);
        assert!(look_up(&dir, "/etc/passwd").is_there);
        assert!(!look_up(&dir, "none").is_there);
    }
}
