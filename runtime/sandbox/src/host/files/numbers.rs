//! What preview 1 has open, by number.
//!
//! Upstream keeps to itself which file a number stands for. So numbers of folders are kept
//! here as well, from what is opened, closed and renumbered.

use super::opened::descriptors;
use crate::guest::Guest;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use wasmtime::{Error, Result};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p1::types::Fd;
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1 as _;
use wiggle::GuestMemory;

/// The first number of a granted folder, after stdin, stdout and stderr.
const FIRST_FOLDER: u32 = 3;

/// What is known of what is open, by number.
#[derive(Default)]
pub(crate) struct Numbers {
    pub(super) folders: BTreeMap<u32, Folder>,
    /// Where the last write to a file ended.
    pub(super) ends: BTreeMap<u32, u64>,
}

#[derive(Clone)]
pub(super) struct Folder {
    file: Arc<File>,
    is_writable: bool,
}

impl Numbers {
    pub(super) fn forget(&mut self, fd: u32) {
        self.folders.remove(&fd);
        self.ends.remove(&fd);
    }
}

impl Guest {
    pub(super) fn numbers(&mut self) -> Result<&mut Numbers> {
        if self.numbers.is_none() {
            // Upstream numbers the granted folders when it is first asked for one.
            let _ = self
                .p1()
                .fd_prestat_get(&mut GuestMemory::Unshared(&mut []), Fd::from(FIRST_FOLDER));
            let granted = self.open_folders_of_table();
            self.numbers = Some(Numbers {
                folders: (FIRST_FOLDER..).zip(granted).collect(),
                ends: BTreeMap::new(),
            });
        }
        self.numbers
            .as_mut()
            .ok_or_else(|| Error::msg("no numbers"))
    }

    /// One that something can be made in.
    pub(super) fn folder_of(&mut self, fd: i32) -> Result<Option<Arc<File>>> {
        let folder = self.numbers()?.folders.get(&fd.cast_unsigned());
        let writable = folder.filter(|folder| folder.is_writable);
        Ok(writable.map(|folder| folder.file.clone()))
    }

    /// One that can be listed.
    pub(super) fn listed_folder_of(&mut self, fd: i32) -> Result<Option<Arc<File>>> {
        let folder = self.numbers()?.folders.get(&fd.cast_unsigned());
        Ok(folder.map(|folder| folder.file.clone()))
    }

    fn open_folders_of_table(&mut self) -> Vec<Folder> {
        let folders = descriptors(self.ctx().table).filter_map(|open| match open {
            Descriptor::Dir(dir) => Some(Folder {
                file: dir.dir.clone(),
                is_writable: !dir.perms.write_not_permitted(),
            }),
            Descriptor::File(_) => None,
        });
        folders.collect()
    }

    /// `fd` was opened: the folder that has no number yet, if it is one.
    pub(super) fn number(&mut self, fd: u32) -> Result<()> {
        let open = self.open_folders_of_table();
        let numbers = self.numbers()?;
        let is_new = |folder: &&Folder| {
            let mut known = numbers.folders.values();
            !known.any(|known| known.file.as_raw_fd() == folder.file.as_raw_fd())
        };
        let fresh = open.iter().find(is_new).cloned();
        numbers.forget(fd);
        numbers.folders.extend(fresh.map(|folder| (fd, folder)));
        Ok(())
    }
}
