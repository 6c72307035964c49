//! Where a hostile guest is let loose: a folder that it may be granted, and what lies around
//! it, which must stay as it is.

use super::row::{Grant, Row};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs;
use std::path::{Path, PathBuf};

const SECRET: &str = "not for hooks\n";

pub(crate) struct Place {
    kept: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let kept = tempfile::Builder::new()
            .prefix("podhook-hostile-")
            .tempdir();
        let place = Self {
            kept: kept.unwrap(),
        };
        fs::write(place.secret(), SECRET).unwrap();
        place
    }

    fn secret(&self) -> PathBuf {
        self.kept.path().join("secret.txt")
    }

    /// The folder to be granted, as it is at the beginning.
    pub(crate) fn folder(&self, row: &Row) -> Option<PathBuf> {
        if row.grant == Grant::None {
            return None;
        }
        let folder = self.kept.path().join("data");
        fs::create_dir_all(folder.join("sub")).unwrap();
        for file in ["hello.txt", "ro-file"] {
            fs::write(folder.join(file), "hello\n").unwrap();
        }
        if row.needs_fifo {
            mknodat(CWD, folder.join("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        }
        Some(folder)
    }

    /// What is wrong now that it has run; its folder is cleared away.
    pub(crate) fn judge(&self, row: &Row) -> Result<(), String> {
        let secret = fs::read_to_string(self.secret()).unwrap_or_default();
        if secret != SECRET {
            return Err("what lies outside of its folder was changed".to_owned());
        }
        let folder = self.kept.path().join("data");
        let is_changed = || fs::read(folder.join("ro-file")).ok() != Some(b"hello\n".to_vec());
        if row.grant == Grant::ReadOnly && is_changed() {
            return Err("a file it may only read was changed".to_owned());
        }
        let depth = clear(&folder);
        match depth > DEEPEST {
            true => Err(format!("folders lie {depth} deep")),
            false => Ok(()),
        }
    }
}

/// The default of `--max-depth`, and the folder itself.
const DEEPEST: usize = 64 + 1;

/// Removes a tree without a stack as deep as it; returns how deep it was.
fn clear(folder: &Path) -> usize {
    let mut open = vec![(folder.to_owned(), 0_usize)];
    let mut folders = Vec::new();
    let mut deepest = 0;
    while let Some((folder, depth)) = open.pop() {
        deepest = deepest.max(depth);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => open.push((entry.path(), depth + 1)),
                false => fs::remove_file(entry.path()).unwrap(),
            }
        }
        folders.push(folder);
    }
    for folder in folders.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
    deepest
}
