//! `podhook-exec` as it is shipped, built by cargo for what measures it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const TARGET: &str = "x86_64-unknown-linux-musl";

/// The executable that these arguments of cargo's make.
pub(crate) fn built(arguments: &[&str]) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut add = Command::new("rustup");
    let added = add.args(["target", "add", TARGET]).current_dir(&repository);
    assert!(added.status().unwrap().success(), "{TARGET}");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(repository);
    let built = cargo.stderr(Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "the adapter is not built");
    let messages = String::from_utf8(built.stdout).unwrap();
    let mut executables = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    executables.next().unwrap()
}
