//! Loading compiled code is running it: an entry of the cache that was changed in any way, or
//! whose key was, is not loaded. It is compiled again, and the new entry is good.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use podhook_sandbox::code::Sources;
use podhook_sandbox::{Cache, CodeStore, Engine, Module, Profile};
use std::fs;
use std::path::PathBuf;

const HOOK: &str = r#"(module (func (export "_start")))"#;

#[derive(Debug, Arbitrary)]
enum Damage {
    /// Something else in its place.
    Entry(Vec<u8>),
    /// Some of its bytes.
    Part {
        at: u16,
        bytes: Vec<u8>,
    },
    Cut(u16),
    Longer(Vec<u8>),
    /// The key in place of the entry.
    Key(Vec<u8>),
}

impl Damage {
    fn entry(&self, good: &[u8]) -> Vec<u8> {
        let mut entry = good.to_vec();
        match self {
            Self::Entry(bytes) => entry.clone_from(bytes),
            Self::Part { at, bytes } => {
                let from = entry.iter_mut().skip(usize::from(*at));
                from.zip(bytes).for_each(|(byte, new)| *byte = *new);
            }
            Self::Cut(length) => entry.truncate(usize::from(*length)),
            Self::Longer(bytes) => entry.extend(bytes),
            Self::Key(_) => {}
        }
        entry
    }
}

struct Stage {
    engine: Engine,
    module: Module,
    folder: PathBuf,
    entry: PathBuf,
    good: Vec<u8>,
    key: Vec<u8>,
}

thread_local! {
    // Never dropped: threads of it are still running when the process ends.
    static STAGE: &'static Stage = Box::leak(Box::new(Stage::new()));
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap().keep().join("cache");
        let engine = Engine::new(Profile::one_shot()).unwrap();
        let module = Module::new(wat::parse_str(HOOK).unwrap()).unwrap();
        let codes = CodeStore::new(Some(Cache::open(&folder).unwrap()));
        codes.get(&module, &engine).unwrap();
        let files = fs::read_dir(&folder).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        let entry = paths
            .find(|path| path.extension().is_some_and(|end| end == "code"))
            .unwrap();
        Self {
            good: fs::read(&entry).unwrap(),
            key: fs::read(folder.join("key")).unwrap(),
            engine,
            module,
            folder,
            entry,
        }
    }

    /// Asks as a new process would; says where the code came from.
    fn code(&self) -> (Vec<u8>, Sources) {
        let codes = CodeStore::new(Some(Cache::open(&self.folder).unwrap()));
        let code = codes.get(&self.module, &self.engine).unwrap();
        (code.bytes().to_vec(), codes.sources())
    }
}

fuzz_target!(|damage: Damage| {
    let stage = STAGE.with(|stage| *stage);
    let entry = damage.entry(&stage.good);
    let key = match &damage {
        Damage::Key(key) => key,
        _ => &stage.key,
    };
    if entry == stage.good && *key == stage.key {
        return;
    }
    // Files that are there stay private.
    fs::write(&stage.entry, &entry).unwrap();
    fs::write(stage.folder.join("key"), key).unwrap();
    if key.len() != stage.key.len() {
        assert!(Cache::open(&stage.folder).is_err());
        return;
    }
    let (compiled, sources) = stage.code();
    assert_eq!((sources.compiled, sources.disk), (1, 0));
    assert!(stage.good.ends_with(&compiled) && !compiled.is_empty());
    let (loaded, sources) = stage.code();
    assert_eq!((sources.compiled, sources.disk), (0, 1));
    assert_eq!(loaded, compiled);
});
