//! A hook's crate: built by cargo, with the target it needs.

use crate::error::CliError;
use cargo_metadata::{Message, camino::Utf8PathBuf};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What hooks are built for.
const TARGET: &str = "wasm32-wasip2";

/// cargo's profile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    Debug,
    Release,
}

/// Builds the crate in `folder`; cargo speaks on stderr.
pub(crate) fn build(folder: &Path, mode: Mode) -> Result<PathBuf, CliError> {
    let name = folder.display().to_string();
    if !folder.join("Cargo.toml").is_file() {
        return Err(CliError::no_input(name, "the folder has no Cargo.toml"));
    }
    add_target(folder)?;
    let components = cargo(folder, mode)?;
    match components.as_slice() {
        [component] => Ok(component.clone().into_std_path_buf()),
        [] => Err(CliError::data(name, "the build made no .wasm file")
            .hint("a lifecycle hook is a library with crate-type = [\"cdylib\"]")),
        several => {
            let names: Vec<&str> = several.iter().filter_map(|path| path.file_name()).collect();
            Err(CliError::data(
                name,
                format!("the build made more than one hook: {}", names.join(", ")),
            )
            .hint("name the folder of one crate, or one of the built files"))
        }
    }
}

/// rustup adds listed targets by itself only where it may; so it is asked to.
fn add_target(folder: &Path) -> Result<(), CliError> {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .output()
        .map_err(|error| {
            CliError::data("rustc", error).hint("install Rust from https://rustup.rs")
        })?;
    let library = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    if asked.status.success() && library.is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(folder)
        .stdout(Stdio::null())
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(CliError::data(
            TARGET,
            format!("rustup could not add the target ({status})"),
        )),
        Err(error) => Err(CliError::data(
            TARGET,
            format!("the target is not installed, and rustup cannot be started: {error}"),
        )),
    }
}

/// The components of the crate that cargo was asked for.
fn cargo(folder: &Path, mode: Mode) -> Result<Vec<Utf8PathBuf>, CliError> {
    let failed = |why: &dyn std::fmt::Display| CliError::data(folder.display().to_string(), why);
    let mut command = Command::new("cargo");
    command
        .args(["build", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Mode::Release = mode {
        command.arg("--release");
    }
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let mut components = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            if let Message::CompilerArtifact(artifact) = message.map_err(|error| failed(&error))? {
                let files = artifact.filenames.into_iter();
                components.extend(files.filter(|file| file.extension() == Some("wasm")));
            }
        }
    }
    let status = child.wait().map_err(|error| failed(&error))?;
    match status.success() {
        true => Ok(components),
        false => Err(failed(&"the build failed; see above")),
    }
}
