//! Who may know whom: held over the manifests and sources themselves.

use crate::podhook::repository;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Sources of a crate of the runtime, with their text.
fn texts(name: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    sources(
        &repository().join("runtime").join(name).join("src"),
        &mut found,
    );
    found
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

fn depends(name: &str) -> String {
    fs::read_to_string(repository().join("runtime").join(name).join("Cargo.toml")).unwrap()
}

#[test]
fn arrows_point_down() {
    for (name, forbidden) in [
        ("lifecycle", &["podhook-", "tokio", "wasmtime", "serde"][..]),
        (
            "ledger",
            &["podhook-sandbox", "podhook-runner", "wasmtime", "serde"],
        ),
        (
            "sandbox",
            &["podhook-ledger", "podhook-runner", "serde", "clap"],
        ),
        ("runner", &["wasmtime", "clap", "hyper", "k8s-openapi"]),
        ("podhook", &["wasmtime"]),
        (
            "exec",
            &["wasmtime", "clap", "hyper", "k8s-openapi", "podhook-ledger"],
        ),
    ] {
        let manifest = depends(name);
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
        let dependencies = dependencies.split("\n[").next().unwrap();
        for line in dependencies.lines() {
            for word in forbidden {
                assert!(!line.starts_with(word), "{name} depends on {line}");
            }
        }
    }
}

#[test]
fn each_thing_has_one_home() {
    let homes: [(&str, &[&str]); 4] = [
        // Only the sandbox names wasmtime.
        ("wasmtime::", &["sandbox"]),
        // Only `config` reads the environment.
        ("std::env::var", &["podhook/src/config.rs"]),
        // Only `verdict` takes errors apart.
        (
            "downcast_ref",
            &[
                "sandbox/src/verdict.rs",
                "podhook/src/handlers/http_get/tls",
                // And of a table's entries, which have no other type.
                "sandbox/src/host/files/opened.rs",
            ],
        ),
        // Only adapters print, and the command line where there is no adapter.
        ("std::io::stdout()", &["podhook/src/adapters"]),
    ];
    for crate_name in ["lifecycle", "ledger", "sandbox", "runner", "podhook"] {
        for (path, text) in texts(crate_name) {
            if path.display().to_string().contains("/local/tests") {
                continue;
            }
            for (word, allowed) in homes {
                let at_home = allowed.iter().any(|home| {
                    path.display()
                        .to_string()
                        .contains(&format!("runtime/{home}"))
                });
                assert!(
                    at_home || !text.contains(word),
                    "{word} in {}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    for crate_name in ["lifecycle", "ledger", "sandbox", "runner", "podhook"] {
        for (path, text) in texts(crate_name) {
            let code = text.split("#[cfg(test)]").next().unwrap().lines().count();
            assert!(code <= 420, "{} has {code} lines", path.display());
            assert!(text.starts_with("//! "), "{} has no head", path.display());
        }
    }
}
