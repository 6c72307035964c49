//! A hook's folder: built by whatever builds it.

use crate::hook_crate::{self, Mode, Target};
use crate::hook_project;
use podhook_runner::CommandError;
use std::path::{Path, PathBuf};

/// Builds the hook in `folder`; `mode` and `target` are for Rust.
///
/// # Errors
/// 66 where there is none, 65 where it cannot be built.
pub(crate) fn build(
    folder: &Path,
    mode: Mode,
    target: Option<Target>,
) -> Result<PathBuf, CommandError> {
    let name = folder.display().to_string();
    if folder.join("Cargo.toml").is_file() {
        return hook_crate::build(folder, mode, target);
    }
    if !folder.join(hook_project::MANIFEST).is_file() {
        let why = "the folder has no Cargo.toml and no podhook.toml";
        return Err(CommandError::no_input(name, why).hint("podhook new makes a project"));
    }
    match target {
        None => hook_project::build(folder),
        Some(_) => {
            let why = format!("it is for Rust; {name} says in podhook.toml how it is built");
            Err(CommandError::usage("--target", why))
        }
    }
}
