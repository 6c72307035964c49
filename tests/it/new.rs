//! A newcomer's path, step by step as `podhook new --help` has it.

use crate::podhook::{Finished, command, finish, scratch};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs in the project; what is built is kept from one test run to the next.
fn step(project: &Path, command: &mut Command) -> Finished {
    command.env("CARGO_TARGET_DIR", scratch().join("newcomer"));
    let done = finish(command.current_dir(project));
    assert_eq!(done.status, 0, "{done:#?}");
    done
}

fn podhook(project: &Path, words: &[&str]) -> Finished {
    step(project, command().args(words))
}

/// A word of a file's, once there, becomes another.
fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn from_an_empty_folder_to_a_pod() {
    let folder = tempfile::tempdir().unwrap();
    let made = finish(command().args(["new", "adieu"]).current_dir(folder.path()));
    assert_eq!(
        (made.status, made.stdout.as_str()),
        (0, "adieu\n"),
        "{made:#?}"
    );
    let project = folder.path().join("adieu");
    let source = project.join("src/lib.rs");
    edit(
        &source,
        r#""goodbye".to_owned()"#,
        r#""au revoir".to_owned()"#,
    );
    edit(
        &project.join("pod.yaml"),
        "farewell=goodbye",
        "farewell=adieu",
    );

    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg("test").stdin(Stdio::null());
    cargo.stdout(Stdio::piped()).stderr(Stdio::piped());
    let tested = step(&project, &mut cargo);
    assert!(tested.stdout.contains("1 passed"), "{tested:#?}");

    let built = podhook(&project, &["build", "--release"]);
    assert_eq!(built.stdout, "./adieu.wasm\n");
    let bytes = fs::metadata(project.join("adieu.wasm")).unwrap().len();
    assert!(bytes <= 120 << 10, "{bytes} bytes");

    let tested = podhook(&project, &["test"]);
    assert!(tested.stdout.contains("1 passed; 0 failed"), "{tested:#?}");

    let ran = podhook(&project, &["run", "adieu.wasm"]);
    assert_eq!(ran.stderr, "info adieu: au revoir pod=local\n");
    let words = ["pod", "run", "pod.yaml", "--until", "running", "-o", "json"];
    let played = podhook(&project, &words).report();
    let report = &played["reports"][0];
    assert_eq!(report["outcome"], "Succeeded", "{played:#}");
    assert_eq!(report["logs"][0]["message"], "adieu");
    assert_eq!(report["logs"][0]["fields"]["pod"], "adieu");

    bare(&project);
}

/// The same source without WASI.
fn bare(project: &Path) {
    let words = ["build", "--release", "--target", "wasm32-unknown-unknown"];
    podhook(project, &words);
    let shown = podhook(project, &["inspect", "-o", "json", "adieu.wasm"]).report();
    let imports = shown["imports"].as_array().unwrap();
    let ours = |import: &serde_json::Value| {
        let name = import.as_str().unwrap();
        name.starts_with("podhook:lifecycle/")
    };
    assert!(imports.iter().all(ours), "{shown:#}");
    let report = podhook(project, &["run", "-o", "json", "adieu.wasm"]).report();
    assert_eq!(report["logs"][0]["message"], "au revoir");
    let peak = &report["usage"]["memory"]["peak"];
    assert!(peak.as_u64().unwrap() < 320 << 10, "{peak}");
    let manifest = project.join("Cargo.toml");
    edit(
        &manifest,
        "output =",
        "target = \"wasm32-wasip9\"\noutput =",
    );
    let refused = finish(command().arg("build").current_dir(project));
    assert_eq!(refused.status, 65);
    let known = "one of wasm32-wasip2, wasm32-wasip1, wasm32-unknown-unknown";
    assert!(refused.stderr.contains(known), "{refused:#?}");
}

/// Settings, a request and a file, in 14 lines.
const FLUSH: &str = r#"//! Sends what the application left, and empties the file.

use podhook::{Context, config, http};
use std::fs;

#[podhook::pre_stop]
fn flush(ctx: Context) -> podhook::Result {
    let url = config::require("url")?;
    let path = ctx.path(config::require("file")?);
    let left = fs::read(&path)?;
    http::post(&url, left)?.error_for_status()?;
    fs::write(&path, "")?;
    Ok(())
}
"#;

const FLUSHES: &str = "
config: {url: 'http://collector/left', file: /spool/left}
allow-host: [collector]
dir: [/spool]
files: {/spool/left: a line}
http: {POST http://collector/left: 204}
expect:
  requests: [{request: POST http://collector/left, body: a line}]
  files: {/spool/left: ''}
";

const NOTHING: &str = "#[podhook::pre_stop]\nfn nothing() -> podhook::Result {\n    Ok(())\n}\n";

/// Of the built hook, after its cases passed.
fn size(project: &Path, target: &str) -> u64 {
    podhook(project, &["build", "--release", "--target", target]);
    let tested = podhook(project, &["test", "small.wasm"]);
    assert!(tested.stdout.contains("1 passed; 0 failed"), "{tested:#?}");
    fs::metadata(project.join("small.wasm")).unwrap().len()
}

#[test]
fn one_source_is_small_for_every_target() {
    let folder = tempfile::tempdir().unwrap();
    let made = finish(command().args(["new", "small"]).current_dir(folder.path()));
    assert_eq!(made.status, 0, "{made:#?}");
    let project = folder.path().join("small");
    let write = |source: &str, case: &str| {
        fs::write(project.join("src/lib.rs"), source).unwrap();
        fs::write(project.join("cases/farewell.yaml"), case).unwrap();
    };
    write(FLUSH, FLUSHES);
    assert!(FLUSH.lines().count() <= 25);
    for target in ["wasm32-wasip2", "wasm32-wasip1"] {
        let bytes = size(&project, target);
        assert!(bytes <= 120_000, "{target}: {bytes} bytes");
    }
    write(NOTHING, "{}");
    for (target, most) in [
        ("wasm32-wasip2", 60_000),
        ("wasm32-unknown-unknown", 30_000),
    ] {
        let bytes = size(&project, target);
        assert!(bytes <= most, "{target}: {bytes} bytes");
    }
}

#[test]
fn what_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("drain"), "mine").unwrap();
    let refused = finish(command().args(["new", "drain"]).current_dir(folder.path()));
    assert_eq!(refused.status, 73);
    let why = "error: drain: there is something of that name already\n";
    assert_eq!(refused.stderr, why);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    let misnamed = finish(
        command()
            .args(["new", "Drain it"])
            .current_dir(folder.path()),
    );
    assert_eq!(misnamed.status, 2);
    assert!(
        misnamed.stderr.contains("lower-case letters"),
        "{misnamed:#?}"
    );
    let elsewhere = ["new", "drain-2", "--sdk", "/nowhere"];
    let without = finish(command().args(elsewhere).current_dir(folder.path()));
    assert_eq!(without.status, 66, "{without:#?}");
}
