//! A folder of the machine's that stands at a place of the container's.
//!
//! Who made it, and who else has it, is not known here. What is in it was made by
//! containers, so no link in it is followed out of it.

use crate::local::overlay::{because, link};
use rustix::fs::{Mode, OFlags, ResolveFlags, mkdirat, open, openat2};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount_bind, mount_remount};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// A folder, the part of it that is meant, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Volume {
    pub(crate) folder: PathBuf,
    /// Below it; empty: all of it.
    pub(crate) sub_path: PathBuf,
    pub(crate) place: PathBuf,
    pub(crate) read_only: bool,
}

const READ_ONLY: &str = "ro";
const READ_WRITE: &str = "rw";

/// How a folder is opened that is only to be mounted or looked below.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Volume {
    /// As words of a command.
    pub(super) fn words(&self) -> [&OsStr; 4] {
        let access = if self.read_only {
            READ_ONLY
        } else {
            READ_WRITE
        };
        let [folder, sub_path, place] =
            [&self.folder, &self.sub_path, &self.place].map(|path| path.as_os_str());
        [folder, sub_path, place, OsStr::new(access)]
    }

    /// Those that stand in the words of a command.
    pub(super) fn from_words(mut words: impl Iterator<Item = OsString>) -> Vec<Self> {
        let next = || {
            Some(Self {
                folder: words.next()?.into(),
                sub_path: words.next()?.into(),
                place: words.next()?.into(),
                read_only: words.next()? == READ_ONLY,
            })
        };
        std::iter::from_fn(next).collect()
    }

    /// What is meant, before anything hides it; a part that is missing is made.
    pub(super) fn opened(&self) -> Result<(OwnedFd, &Self), String> {
        let opened = open(&self.folder, FOLDER, Mode::empty());
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let part = opened.and_then(|folder| reach(&folder, &self.sub_path, within));
        let shown = format!("subPath {:?} of {}", self.sub_path, self.folder.display());
        let part = part.map_err(|error| because(&shown, &error.into()))?;
        Ok((part, self))
    }

    /// Puts `folder` at its place in the new root, which is made where it is missing.
    pub(super) fn mount(&self, folder: &OwnedFd, root: &Path) -> Result<(), String> {
        let mounted = self.try_mount(folder, root);
        mounted.map_err(|error| because(&self.place.display().to_string(), &error))
    }

    fn try_mount(&self, folder: &OwnedFd, root: &Path) -> io::Result<()> {
        let root = open(root, FOLDER, Mode::empty())?;
        // Links on the way lead within the new root, as they will.
        let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let below = self.place.strip_prefix("/").unwrap_or(&self.place);
        let place = reach(&root, below, within)?;
        mount_bind(link(folder), link(&place))?;
        if self.read_only {
            let mounted = reach(&root, below, within)?;
            let flags = MountFlags::BIND | MountFlags::RDONLY;
            mount_remount(link(&mounted), flags, c"")?;
        }
        Ok(())
    }
}

/// Opens `path` below `root`; folders that are missing are made.
fn reach(root: &OwnedFd, path: &Path, within: ResolveFlags) -> Result<OwnedFd, Errno> {
    let open = |path: &Path| openat2(root, path, FOLDER, Mode::empty(), within);
    let mut reached = open(Path::new("."))?;
    let mut so_far = PathBuf::new();
    for part in path.components() {
        so_far.push(part);
        reached = match open(&so_far) {
            Err(Errno::NOENT) => {
                mkdirat(&reached, part.as_os_str(), Mode::from_raw_mode(0o755))?;
                open(&so_far)?
            }
            found => found?,
        };
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn volume(folder: &Path, sub_path: &str) -> Volume {
        Volume {
            folder: folder.to_owned(),
            sub_path: sub_path.into(),
            place: "/data".into(),
            read_only: true,
        }
    }

    #[test]
    fn words_lead_back() {
        let two = [volume(Path::new("/a"), ""), volume(Path::new("/b"), "c")];
        let words = two.iter().flat_map(Volume::words).map(OsString::from);
        assert_eq!(Volume::from_words(words), two);
    }

    #[test]
    fn a_part_is_made_and_no_link_leads_out_of_it() {
        let (own, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        volume(own.path(), "a/b").opened().unwrap();
        assert!(own.path().join("a/b").is_dir());
        symlink("a", own.path().join("inside")).unwrap();
        volume(own.path(), "inside/b").opened().unwrap();
        symlink(foreign.path(), own.path().join("absolute")).unwrap();
        symlink("../..", own.path().join("relative")).unwrap();
        for out in ["absolute", "relative", "relative/x", "../x"] {
            let why = volume(own.path(), out).opened().unwrap_err();
            assert!(why.contains("cross-device link"), "{why}");
        }
        assert_eq!(fs::read_dir(foreign.path()).unwrap().count(), 0);
    }
}
