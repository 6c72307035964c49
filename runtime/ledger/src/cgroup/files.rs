//! Single files of a cgroup, read as text that anybody may have written.

use super::CgroupError;
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;
use std::io;
use std::path::Path;
use std::str::FromStr;

/// Bytes that are read of a file; those of a kernel are shorter.
const LONGEST: usize = 4096;

/// The text of a file without the blanks around it; `None` where there is no such file.
pub(super) fn text(folder: &Path, name: &str) -> Result<Option<String>, CgroupError> {
    let path = folder.join(name);
    match read(&path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        // A file of a cgroup that is just being removed.
        Err(why) if why.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => Ok(None),
        Err(why) => Err(CgroupError::Unreadable { path, why }),
    }
}

/// The beginning of a file, in as few system calls as can be: a hook may be over in a
/// tenth of a millisecond.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A FIFO would keep us waiting for a writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty())?;
    if !FileType::from_raw_mode(fstat(&file)?.st_mode).is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = vec![0; LONGEST];
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match rustix::io::read(&file, rest) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// What a file says, by `read`; `expected`: in words.
pub(super) fn value<T>(
    folder: &Path,
    name: &str,
    expected: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, CgroupError> {
    let Some(text) = text(folder, name)? else {
        return Ok(None);
    };
    match read(&text) {
        Some(value) => Ok(Some(value)),
        None => Err(CgroupError::Garbage {
            path: folder.join(name),
            text: text.chars().take(40).collect(),
            expected,
        }),
    }
}

/// A number and nothing else.
pub(super) fn number<T: FromStr>(folder: &Path, name: &str) -> Result<Option<T>, CgroupError> {
    value(folder, name, "a number", |text| text.parse().ok())
}

/// The value of a key in a file of `KEY VALUE` lines.
pub(super) fn keyed(text: &str, key: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(name, _)| *name == key)?;
    value.trim().parse().ok()
}
