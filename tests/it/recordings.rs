//! What a real kubelet was recorded to do: each recording is a pod, what was done to it
//! and what came of it, and a simulation of the same must agree.

use crate::agreement::disagreements;
use crate::podhook::{Finished, podhook, repository};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Fewer are an accident: a folder that is empty agrees with everything.
const RECORDINGS: usize = 63;

/// In order of their names.
pub(crate) fn recordings() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("tests/recordings")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    all.sort();
    all
}

/// The one whose name starts so.
pub(crate) fn named(start: &str) -> PathBuf {
    let mut all = recordings().into_iter();
    let is_it = |path: &PathBuf| {
        path.file_stem()
            .unwrap()
            .to_string_lossy()
            .starts_with(start)
    };
    all.find(is_it)
        .unwrap_or_else(|| panic!("no recording {start}"))
}

pub(crate) fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn simulate(path: &Path) -> Finished {
    podhook(["pod", "simulate", path.to_str().unwrap(), "-o", "json"])
}

/// Only a pod that is refused ends with a status of its own, and it always does.
fn judged(path: &Path) -> Vec<String> {
    let recording = read(path);
    let refused = recording["expect"].get("rejected").is_some();
    let done = simulate(path);
    let status = if refused { 65 } else { 0 };
    if (done.status, &*done.stderr) != (status, "") {
        return vec![format!(
            "want status {status} and no words on stderr: {done:#?}"
        )];
    }
    match serde_json::from_str(&done.stdout) {
        Ok(simulated) => disagreements(&recording, &simulated),
        Err(error) => vec![format!("{error} in {}", done.stdout)],
    }
}

#[test]
fn simulations_agree_with_the_kubelet() {
    let all = recordings();
    assert!(all.len() >= RECORDINGS, "only {} recordings", all.len());
    let mut bad = Vec::new();
    for path in &all {
        let name = path.file_stem().unwrap().to_str().unwrap();
        bad.extend(judged(path).iter().map(|why| format!("{name}: {why}")));
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// Time is virtual and nothing is left to chance: the same input gives the same bytes.
#[test]
fn a_simulation_is_the_same_every_time() {
    let of_interest = ["s02a", "s10g", "s13", "s14o", "s31", "r2"];
    let mut seen = 0;
    for path in recordings() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if of_interest.iter().any(|start| name.starts_with(start)) {
            seen += 1;
            let first = simulate(&path).stdout;
            assert!(first.contains("\"processes\""), "{first}");
            assert_eq!(first, simulate(&path).stdout, "{name}");
        }
    }
    assert!(seen >= of_interest.len(), "only {seen} were found");
}
