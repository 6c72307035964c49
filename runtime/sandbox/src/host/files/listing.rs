//! What the list of a folder takes of the host's memory, before it is made: upstream makes it
//! whole, however long, with the first entry that is asked for.
//!
//! Whoever fills the folder between this look and upstream's is not counted.

use rustix::fs::Dir;
use std::fs::File;

/// Bytes of an entry beside its name: as upstream has it, and what the allocator adds.
pub(super) const ENTRY: u64 = 96;
/// The same in preview 1, which makes a list of its own from that.
pub(super) const ENTRY_OF_PREVIEW_1: u64 = 192;

/// Bytes of a folder's list, with so many for each `entry` beside its name; of one that is
/// longer than `most`, more than that. `0` where it cannot be read, which upstream will say.
pub(super) fn bytes(folder: &File, entry: u64, most: u64) -> u64 {
    let Ok(entries) = Dir::read_from(folder) else {
        return 0;
    };
    let mut bytes = 0;
    for found in entries.flatten() {
        bytes += entry + u64::try_from(found.file_name().count_bytes()).unwrap_or(u64::MAX);
        if bytes > most {
            break;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..100 {
            File::create(folder.path().join(format!("{number:03}"))).unwrap();
        }
        let opened = File::open(folder.path()).unwrap();
        // With those for itself and its parent.
        let all = 102 * ENTRY + 100 * 3 + 3;
        assert_eq!(bytes(&opened, ENTRY, u64::MAX), all);
        let some = bytes(&opened, ENTRY, 1000);
        assert!(some > 1000 && some < 1200, "{some}");
        let none = File::open("/dev/null").unwrap();
        assert_eq!(bytes(&none, ENTRY, u64::MAX), 0);
    }
}
