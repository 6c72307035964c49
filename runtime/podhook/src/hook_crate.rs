//! A hook's crate: built by cargo, with the target it needs.

use crate::rust_build;
use cargo_metadata::camino::Utf8PathBuf;
use podhook_runner::CommandError;
use std::path::{Path, PathBuf};

/// What hooks are built for.
const TARGET: &str = "wasm32-wasip2";

/// cargo's profile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    Debug,
    Release,
}

/// Builds the crate in `folder`; cargo speaks on stderr.
pub(crate) fn build(folder: &Path, mode: Mode) -> Result<PathBuf, CommandError> {
    let name = folder.display().to_string();
    if !folder.join("Cargo.toml").is_file() {
        return Err(CommandError::no_input(name, "the folder has no Cargo.toml"));
    }
    rust_build::add_target(folder, TARGET)?;
    let components = cargo(folder, mode)?;
    match components.as_slice() {
        [component] => Ok(component.clone().into_std_path_buf()),
        [] => Err(CommandError::data(name, "the build made no .wasm file")
            .hint("a lifecycle hook is a library with crate-type = [\"cdylib\"]")),
        several => {
            let names: Vec<&str> = several.iter().filter_map(|path| path.file_name()).collect();
            Err(CommandError::data(
                name,
                format!("the build made more than one hook: {}", names.join(", ")),
            )
            .hint("name the folder of one crate, or one of the built files"))
        }
    }
}

/// The components of the crate that cargo was asked for.
fn cargo(folder: &Path, mode: Mode) -> Result<Vec<Utf8PathBuf>, CommandError> {
    let failed =
        |why: &dyn std::fmt::Display| CommandError::data(folder.display().to_string(), why);
    let mut args = vec!["build", "--target", TARGET];
    if let Mode::Release = mode {
        args.push("--release");
    }
    let built = rust_build::cargo(folder, &args).map_err(|why| failed(&why))?;
    let files = built.into_iter().flat_map(|artifact| artifact.filenames);
    let components = files.filter(|file| file.extension() == Some("wasm"));
    Ok(components.collect())
}
