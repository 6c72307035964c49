//! What a path leads to, beneath a folder.

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// What cannot be told is not: it is counted, whatever comes of it.
    pub(super) is_there: bool,
    pub(super) is_folder: bool,
    parent: Parent,
}

/// The folder it is in.
#[derive(Debug, Default)]
enum Parent {
    /// Nothing can be made in it.
    #[default]
    None,
    /// Without links.
    At(PathBuf),
    /// Too deep for the kernel to name.
    Nameless,
}

impl Looked {
    /// How many folders below the deepest of `granted` it is, counting itself.
    pub(super) fn depth_below(&self, granted: &[PathBuf]) -> usize {
        let parent = match &self.parent {
            Parent::None => return 0,
            Parent::Nameless => return usize::MAX,
            Parent::At(parent) => parent,
        };
        let below = granted
            .iter()
            .filter_map(|granted| parent.strip_prefix(granted).ok())
            .map(|rest| rest.components().count())
            .min();
        below.unwrap_or_else(|| parent.components().count()) + 1
    }
}

/// Whether what a link at the end of a path leads to is meant, or the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Followed,
    Kept,
}

/// Nothing that blocks is opened: `O_PATH` asks a FIFO for nothing.
pub(super) fn look_up(dir: &File, path: &str, links: Links) -> Looked {
    // As upstream does before it makes something.
    let path = path.trim_end_matches('/');
    let found = beneath(
        dir,
        path,
        match links {
            Links::Followed => OFlags::empty(),
            Links::Kept => OFlags::NOFOLLOW,
        },
    );
    Looked {
        is_there: found.is_ok(),
        is_folder: found.is_ok_and(|found| is_folder(&found)),
        parent: parent(dir, Path::new(path)),
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
fn parent(dir: &File, path: &Path) -> Parent {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let held = above.map(|above| beneath(dir, above, OFlags::DIRECTORY));
    let fd = match &held {
        Some(Ok(parent)) => parent.as_raw_fd(),
        Some(Err(_)) => return Parent::None,
        None => dir.as_raw_fd(),
    };
    match std::fs::read_link(format!("/proc/self/fd/{fd}")) {
        Ok(path) => Parent::At(path),
        Err(_) => Parent::Nameless,
    }
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
        let depth = |path: &str| look_up(&dir, path, Links::Kept).depth_below(&granted);
        assert_eq!(depth("x"), 1);
        assert_eq!(depth("a/b/c/x"), 4);
        assert_eq!(depth("short/x"), 4);
        assert_eq!(depth("a/../a/b/../b/x"), 3);
        let deep = File::open(folder.join("a/b")).unwrap();
        let looked = look_up(&deep, "x", Links::Kept);
        assert_eq!(looked.depth_below(&granted), 3);
    }

    #[test]
    fn what_is_outside_is_not_looked_at_nor_what_cannot_be() {
        let kept = tempfile::tempdir().unwrap();
        fs::create_dir(kept.path().join("in")).unwrap();
        fs::write(kept.path().join("out"), "").unwrap();
        let dir = File::open(kept.path().join("in")).unwrap();
        let is_there = |path: &str, links| look_up(&dir, path, links).is_there;
        // Not told apart: nothing is learnt from a count.
        for path in [
            "../out",
            "../none",
            "/etc/passwd",
            "none",
            &"x".repeat(5000),
        ] {
            assert!(!is_there(path, Links::Kept), "{path}");
        }
        std::os::unix::fs::symlink("none", kept.path().join("in/link")).unwrap();
        assert!(is_there("link", Links::Kept));
        assert!(!is_there("link", Links::Followed));
        fs::write(kept.path().join("in/file"), "").unwrap();
        assert!(is_there(&format!("file{}", "/".repeat(5000)), Links::Kept));
    }
}
