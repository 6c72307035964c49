//! Where a HOOK comes from: a file, or a crate that is built first.

use crate::hook_build::build;
use crate::hook_crate::Mode;
use podhook_runner::CommandError;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use podhook_sandbox::module::MAX_MODULE_BYTES;

/// The bytes of a hook, and what to call it.
pub(crate) struct HookSource {
    /// As the caller wrote it, or the file that was built.
    pub(crate) path: PathBuf,
    /// The same as text.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl HookSource {
    /// Reads HOOK; a folder is built in release mode first.
    pub(crate) fn open(hook: &Path) -> Result<Self, CommandError> {
        if hook.is_dir() {
            let built = build(hook, Mode::Release, None)?;
            return Self::read(&built);
        }
        Self::read(hook)
    }

    /// Reads a file that is there.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let name = path.display().to_string();
        let unreadable = |why: &dyn std::fmt::Display| CommandError::no_input(&name, why);
        // A FIFO is neither waited for nor read.
        let file = File::options()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(|error| match is_project(path) {
                true => {
                    unreadable(&error).hint("podhook build --release makes what is to be built")
                }
                false => unreadable(&error),
            })?;
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err(unreadable(&"not a regular file"));
        }
        // One byte over the limit is enough for the module to be refused by size.
        let most = u64::try_from(MAX_MODULE_BYTES).unwrap_or(u64::MAX) + 1;
        let mut bytes = Vec::new();
        file.take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(&error))?;
        Ok(Self {
            path: path.to_owned(),
            name,
            bytes,
        })
    }
}

/// Whether the file would lie in a project that is built.
fn is_project(file: &Path) -> bool {
    let folder = file.parent().unwrap_or(Path::new(""));
    let manifests = ["Cargo.toml", "podhook.toml"].map(|name| folder.join(name));
    manifests.iter().any(|manifest| manifest.is_file())
}
