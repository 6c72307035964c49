//! Values of the `state` interface as files of a folder, one each.
//!
//! A key becomes a file name by escaping everything but letters, digits, `-` and
//! `_`: no key can name a path, a hidden file, or the file of another key.

use podhook_lifecycle::state::{MAX_KEYS, MAX_VALUE, check_sizes};
use podhook_lifecycle::{State, StateError};
use rustix::fs::OFlags;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A folder of values.
#[derive(Debug)]
pub struct StateDir {
    folder: PathBuf,
}

const SUFFIX: &str = ".value";

impl StateDir {
    /// Uses `folder`; makes it (mode 0700) where there is none.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(escaped(key) + SUFFIX)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let key = name
                .to_str()
                .and_then(|name| name.strip_suffix(SUFFIX))
                .and_then(unescaped);
            keys.extend(key);
            // What a hook could not have written need not be listed.
            if keys.len() > MAX_KEYS {
                break;
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }
}

fn other(error: &io::Error) -> StateError {
    StateError::Other(error.to_string())
}

impl State for StateDir {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StateError> {
        check_sizes(key, b"")?;
        match read(&self.path(key)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(other(&error)),
        }
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), StateError> {
        check_sizes(key, value)?;
        let path = self.path(key);
        let keys = self.names().map_err(|error| other(&error))?;
        if keys.len() >= MAX_KEYS && !path.exists() {
            return Err(StateError::Full);
        }
        replace(&path, value).map_err(|error| other(&error))
    }

    fn delete(&self, key: &str) -> Result<(), StateError> {
        check_sizes(key, b"")?;
        match fs::remove_file(self.path(key)) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(other(&error)),
        }
    }

    fn keys(&self) -> Result<Vec<String>, StateError> {
        self.names().map_err(|error| other(&error))
    }
}

/// Never more than a value can have, whatever lies there now.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_VALUE).unwrap_or(u64::MAX);
    let mut value = Vec::new();
    // A link or a FIFO that somebody put there is neither followed nor waited for.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("the file is no value of ours"));
    }
    file.take(most + 1).read_to_end(&mut value)?;
    match value.len() > MAX_VALUE {
        true => Err(io::Error::other(
            "the file is no value of ours: it is too large",
        )),
        false => Ok(value),
    }
}

/// Whole or not at all: written aside, then renamed.
fn replace(path: &Path, value: &[u8]) -> io::Result<()> {
    let aside = path.with_file_name(format!(".new-{}", uuid::Uuid::new_v4().simple()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)
        .and_then(|mut file| file.write_all(value))
        .and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

fn escaped(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte.into()),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name
}

fn unescaped(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let (high, low) = (char::from(rest.next()?), char::from(rest.next()?));
                let value = high.to_digit(16)? * 16 + low.to_digit(16)?;
                bytes.push(u8::try_from(value).ok()?);
            }
            plain => bytes.push(plain),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook_lifecycle::state::MAX_KEY;

    #[test]
    fn values_outlive_the_store_under_any_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys = [
            "a",
            "../../etc/passwd",
            ".hidden",
            "ключ",
            "a b/c",
            &"/".repeat(MAX_KEY),
        ];
        for key in keys {
            let state = StateDir::open(folder.path()).unwrap();
            state.set(key, key.as_bytes()).unwrap();
        }
        let state = StateDir::open(folder.path()).unwrap();
        for key in keys {
            assert_eq!(state.get(key).unwrap().as_deref(), Some(key.as_bytes()));
        }
        let mut sorted: Vec<String> = keys.iter().map(ToString::to_string).collect();
        sorted.sort_unstable();
        assert_eq!(state.keys().unwrap(), sorted);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), keys.len());
        state.delete("a").unwrap();
        assert_eq!(state.get("a").unwrap(), None);
    }

    #[test]
    fn a_link_is_not_followed_and_a_fifo_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.value")).unwrap();
        let fifo = folder.path().join("fifo.value");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, 0o600.into(), 0).unwrap();
        assert!(state.get("link").is_err());
        assert!(state.get("fifo").is_err());
    }

    #[test]
    fn a_foreign_file_is_no_value() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        fs::write(folder.path().join("large.value"), vec![0; MAX_VALUE + 1]).unwrap();
        fs::write(folder.path().join("note.txt"), b"").unwrap();
        assert!(state.get("large").is_err());
        assert_eq!(state.keys().unwrap(), ["large"]);
    }
}
