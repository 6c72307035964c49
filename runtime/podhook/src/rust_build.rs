//! cargo and rustup, as podhook asks them to build something. They speak on stderr.

use cargo_metadata::{Artifact, Message};
use podhook_runner::CommandError;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// rustup adds listed targets by itself only where it may; so it is asked to.
pub(crate) fn add_target(folder: &Path, target: &str) -> Result<(), CommandError> {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(folder)
        .output()
        .map_err(|error| {
            CommandError::data("rustc", error).hint("install Rust from https://rustup.rs")
        })?;
    let library = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    if asked.status.success() && library.is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", target])
        .current_dir(folder)
        .stdout(Stdio::null())
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(CommandError::data(
            target,
            format!("rustup could not add the target ({status})"),
        )),
        Err(error) => Err(CommandError::data(
            target,
            format!("the target is not installed, and rustup cannot be started: {error}"),
        )),
    }
}

/// Runs a command of cargo's that builds, in `folder`; what it made.
///
/// # Errors
/// Where it cannot be started, or did not succeed.
pub(crate) fn cargo(folder: &Path, args: &[&str]) -> io::Result<Vec<Artifact>> {
    let mut child = Command::new("cargo")
        .args(args)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut made = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            if let Message::CompilerArtifact(artifact) = message? {
                made.push(artifact);
            }
        }
    }
    match child.wait()?.success() {
        true => Ok(made),
        false => Err(io::Error::other("the build failed; see above")),
    }
}
