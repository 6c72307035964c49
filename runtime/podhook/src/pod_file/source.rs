//! The bytes of a file that is to be read whole, or of stdin.
//!
//! Bounded before anything looks at them; what they mean is not known here.

use super::located::MAX_BYTES;
use podhook_runner::CommandError;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What was read, and what to call it.
pub(crate) struct Source {
    pub(crate) name: String,
    /// One byte over the limit is enough to be refused by size.
    pub(crate) bytes: Vec<u8>,
}

impl Source {
    /// Reads FILE; `-` is stdin.
    pub(crate) fn open(file: &Path) -> Result<Self, CommandError> {
        if file == Path::new("-") {
            let name = "stdin".to_owned();
            return Self::read(name, io::stdin().lock());
        }
        let name = file.display().to_string();
        let unreadable = |why: &dyn std::fmt::Display| CommandError::config(&name, why);
        // A FIFO is neither waited for nor read.
        let opened = File::options()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(file)
            .map_err(|error| unreadable(&error))?;
        let metadata = opened.metadata().map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err(unreadable(&"not a regular file"));
        }
        Self::read(name, opened)
    }

    fn read(name: String, from: impl Read) -> Result<Self, CommandError> {
        let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) + 1;
        let mut bytes = Vec::new();
        from.take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| CommandError::config(&name, error))?;
        Ok(Self { name, bytes })
    }
}
