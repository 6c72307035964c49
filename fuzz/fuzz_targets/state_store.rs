//! A folder of values is a map: what was set is there, also for who opens it anew, and nothing
//! else. Where somebody else puts files, folders and links there, what was set since still
//! holds, and nothing outside of the folder is read or written.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use podhook_lifecycle::state::{MAX_KEYS, MAX_VALUE, check_sizes};
use podhook_lifecycle::{State, StateError};
use podhook_runner::StateDir;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

#[derive(Debug, Arbitrary)]
enum Step {
    Set {
        key: String,
        value: Vec<u8>,
    },
    /// A value about as large as may be.
    SetLarge {
        key: String,
        bytes: u32,
    },
    Get(String),
    Delete(String),
    Keys,
    Reopen,
    /// Somebody else's doing.
    Put {
        name: String,
        is_value: bool,
        what: What,
    },
}

#[derive(Debug, Arbitrary)]
enum What {
    File(Vec<u8>),
    Folder,
    /// To a file outside.
    Link,
}

struct Stage {
    folder: PathBuf,
    outside: PathBuf,
    state: StateDir,
    /// What is known to be there.
    known: BTreeMap<String, Vec<u8>>,
    /// Somebody else was there: it is not all that is there.
    is_shared: bool,
}

/// Larger than what a step could bring.
static OUTSIDE: [u8; MAX_VALUE] = [b'x'; MAX_VALUE];

impl Stage {
    fn new(root: &Path) -> Self {
        let (folder, outside) = (root.join("state"), root.join("outside"));
        fs::write(&outside, &OUTSIDE).unwrap();
        Self {
            state: StateDir::open(&folder).unwrap(),
            folder,
            outside,
            known: BTreeMap::new(),
            is_shared: false,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Set { key, value } => self.set(key, value),
            Step::SetLarge { key, bytes } => {
                let bytes = MAX_VALUE - 1 + bytes as usize % 3;
                self.set(key, vec![0; bytes]);
            }
            Step::Get(key) => self.get(&key),
            Step::Delete(key) => self.delete(&key),
            Step::Keys => self.keys(),
            Step::Reopen => self.state = StateDir::open(&self.folder).unwrap(),
            Step::Put {
                name,
                is_value,
                what,
            } => self.put(&name, is_value, &what),
        }
    }

    fn set(&mut self, key: String, value: Vec<u8>) {
        let is_full = self.known.len() >= MAX_KEYS && !self.known.contains_key(&key);
        match self.state.set(&key, &value) {
            Ok(()) => {
                assert!(check_sizes(&key, &value).is_ok());
                assert!(!is_full || self.is_shared);
                self.known.insert(key, value);
            }
            Err(StateError::TooLarge) => assert!(check_sizes(&key, &value).is_err()),
            Err(StateError::Full) => assert!(is_full || self.is_shared),
            Err(StateError::Other(why)) => assert!(self.is_shared, "{why}"),
        }
    }

    fn get(&self, key: &str) {
        let known = self.known.get(key);
        match self.state.get(key) {
            Ok(found) if known.is_some() || !self.is_shared => assert_eq!(found.as_ref(), known),
            Ok(found) => {
                let found = found.unwrap_or_default();
                assert!(found.len() <= MAX_VALUE && found != OUTSIDE);
            }
            Err(StateError::TooLarge) => assert!(check_sizes(key, b"").is_err()),
            Err(why) => assert!(self.is_shared && known.is_none(), "{why}"),
        }
    }

    fn delete(&mut self, key: &str) {
        match self.state.delete(key) {
            Ok(()) => {
                self.known.remove(key);
            }
            Err(StateError::TooLarge) => assert!(check_sizes(key, b"").is_err()),
            Err(why) => assert!(self.is_shared && !self.known.contains_key(key), "{why}"),
        }
    }

    fn keys(&self) {
        let found = self.state.keys().unwrap();
        assert!(found.is_sorted());
        match self.is_shared {
            false => assert!(found.iter().eq(self.known.keys())),
            // Of more than there may be, not all are listed.
            true if found.len() > MAX_KEYS => {}
            true => assert!(self.known.keys().all(|key| found.contains(key))),
        }
    }

    fn put(&mut self, name: &str, is_value: bool, what: &What) {
        let end = if is_value { ".value" } else { "" };
        let name = name.replace(['/', '\0'], "_") + end;
        if matches!(name.as_str(), "" | "." | "..") {
            return;
        }
        (self.is_shared, self.known) = (true, BTreeMap::new());
        let path = self.folder.join(name);
        // A link is replaced, not followed; of a name that cannot be, nothing comes.
        let _ = fs::remove_file(&path);
        let _ = match what {
            What::File(bytes) => fs::write(&path, bytes),
            What::Folder => fs::create_dir(&path),
            What::Link => symlink(&self.outside, &path),
        };
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(root.path());
    for step in steps {
        stage.take(step);
    }
    stage.keys();
    assert!(fs::read(&stage.outside).unwrap() == OUTSIDE);
});
