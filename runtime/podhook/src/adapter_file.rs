//! The executable `podhook-exec`, which bundles are made of: beside podhook, or built
//! from the sources that podhook was built from.

use crate::rust_build;
use podhook_runner::{CommandError, bundle};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What containers run: it needs nothing of an image.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Where its sources are, if they still are where podhook was built.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../exec");

/// Its name, also of the crate.
const NAME: &str = "podhook-exec";

/// The adapter's bytes.
///
/// # Errors
/// 66 where it is not to be found, 65 where it is none, or cannot be built.
pub(crate) fn read(named: Option<&Path>) -> Result<Vec<u8>, CommandError> {
    if let Some(named) = named {
        return open(named);
    }
    let own = std::env::current_exe().ok();
    let beside = own.and_then(|own| Some(own.parent()?.join(NAME)));
    if let Some(Ok(adapter)) = beside.filter(|file| file.is_file()).map(|file| open(&file)) {
        return Ok(adapter);
    }
    match Path::new(SOURCES).join("Cargo.toml").is_file() {
        true => open(&build()?),
        false => Err(CommandError::no_input(NAME, "not found beside podhook")
            .hint("name it with --adapter FILE")),
    }
}

fn open(file: &Path) -> Result<Vec<u8>, CommandError> {
    let name = file.display().to_string();
    let bytes = fs::read(file).map_err(|why| CommandError::no_input(&name, why))?;
    if !is_static(&bytes) {
        return Err(CommandError::data(
            name,
            "not a static executable for Linux",
        ));
    }
    match bundle::mark_in(&bytes) {
        Some(_) => Ok(bytes),
        None => Err(CommandError::data(
            name,
            "not podhook-exec, or a bundle of it",
        )),
    }
}

/// Whether nobody has to load it: it names no interpreter.
fn is_static(elf: &[u8]) -> bool {
    let number = |at: usize, length: usize| {
        let bytes = elf.get(at..at.checked_add(length)?)?;
        let value = bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        usize::try_from(value).ok()
    };
    let program_headers = || {
        let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        let kinds = (0..count).map(|index| number(start.checked_add(index * size)?, 4));
        kinds.collect::<Option<Vec<usize>>>()
    };
    const INTERPRETER: usize = 3;
    elf.starts_with(b"\x7fELF\x02\x01")
        && program_headers().is_some_and(|kinds| !kinds.contains(&INTERPRETER))
}

/// Builds it as it is shipped: takes minutes at first.
fn build() -> Result<PathBuf, CommandError> {
    let folder = Path::new(SOURCES);
    rust_build::add_target(folder, TARGET)?;
    // An alias, in .cargo/config.toml.
    let args = ["adapter", "--locked"];
    let failed = |why: io::Error| CommandError::data(NAME, why);
    let made = rust_build::cargo(folder, &args).map_err(failed)?;
    let mut executables = made.into_iter().filter_map(|artifact| artifact.executable);
    let built = executables.find(|file| file.file_name() == Some(NAME));
    let missing = || failed(io::Error::other("the build made no such file"));
    Ok(built.ok_or_else(missing)?.into_std_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_no_loader_is_an_adapter() {
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(!is_static(&own));
        let mut without = own.clone();
        // As if it had no program headers.
        without[56..58].fill(0);
        assert!(is_static(&without));
        for bytes in [&b""[..], b"\x7fELF\x02\x01", b"#!/bin/sh\n", &own[..60]] {
            assert!(!is_static(bytes));
        }
    }
}
