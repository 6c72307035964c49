//! Instructions by function, as valgrind's callgrind counts them in this program.
//!
//! Follows "Callgrind Format Specification" of valgrind 3.19.

use std::collections::{BTreeMap, HashMap};
use std::process::{Command, Stdio};

/// A function's own instructions, by its name.
pub(crate) type Counts = BTreeMap<String, u64>;

pub(crate) fn is_here() -> bool {
    let asked = Command::new("valgrind").arg("--version").output();
    asked.is_ok_and(|said| said.status.success())
}

/// Runs this program with these words.
pub(crate) fn count(words: &[&str]) -> Counts {
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--quiet", "--demangle=no"])
        .arg(format!("--callgrind-out-file={}", out.path().display()))
        .arg(std::env::current_exe().unwrap())
        .args(words)
        .stdout(Stdio::null());
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
    read(&std::fs::read_to_string(out.path()).unwrap())
}

fn read(profile: &str) -> Counts {
    let mut names: HashMap<&str, String> = HashMap::new();
    let mut counts = Counts::new();
    let mut function = String::new();
    let mut is_of_a_call = false;
    for line in profile.lines() {
        if let Some(named) = line.strip_prefix("cfn=") {
            name(&mut names, named);
        } else if let Some(named) = line.strip_prefix("fn=") {
            function = name(&mut names, named);
        } else if line.starts_with("calls=") {
            is_of_a_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            // What the function called took, or it itself.
            let cost = line.split_ascii_whitespace().nth(1);
            if let (false, Some(cost)) = (is_of_a_call, cost) {
                let cost: u64 = cost.parse().unwrap();
                *counts.entry(function.clone()).or_default() += cost;
            }
            is_of_a_call = false;
        }
    }
    counts
}

/// `(ID) NAME` where it is seen first, `(ID)` from then on.
fn name<'p>(names: &mut HashMap<&'p str, String>, named: &'p str) -> String {
    let (id, name) = named.split_once(' ').unwrap_or((named, ""));
    if !name.is_empty() {
        // The hash changes with every change anywhere; `#` is rustc-demangle's short form.
        names.insert(id, format!("{:#}", rustc_demangle::demangle(plain(name))));
    }
    names.get(id).cloned().unwrap_or_default()
}

/// Without what callgrind appends to functions that call themselves.
fn plain(name: &str) -> &str {
    name.split_once('\'').map_or(name, |(name, _)| name)
}
