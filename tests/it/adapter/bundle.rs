//! `podhook bundle`: one executable with the hook inside.

use super::executable;
use crate::podhook::{Finished, finish, podhook};
use podhook_test_guests::{lifecycle, wasip1};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes a bundle in `folder`.
pub(super) fn bundle(folder: &Path, module: &str, options: &[&str]) -> PathBuf {
    let to = folder.join("hook");
    let adapter = executable().to_str().unwrap();
    let words = [
        "bundle",
        module,
        "-o",
        to.to_str().unwrap(),
        "--adapter",
        adapter,
    ];
    let done = podhook([&words, options].concat());
    assert_eq!(done.status, 0, "{done:#?}");
    assert_eq!(done.stdout.trim_end(), to.to_str().unwrap());
    to
}

pub(super) fn start(bundle: &Path, words: &[&str]) -> Finished {
    let mut command = Command::new(bundle);
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    finish(&mut command)
}

#[test]
fn a_bundle_is_a_hook_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--config", "color=red", "--", "config"];
    let asks = bundle(folder.path(), lifecycle::ASKS, &options);
    let said = start(&asks, &[]);
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    assert_eq!(said.stdout.trim_end(), r#"{"color": "red"}"#);
    // Its words are the hook's, its options are added to those inside.
    assert_eq!(start(&asks, &["color"]).stdout.trim_end(), r#"Some("red")"#);
    let report = start(
        &asks,
        &["--config", "color=blue", "-o", "json", "--", "color"],
    )
    .report();
    assert_eq!(report["stdout"], "Some(\"blue\")\n");
    assert_eq!(report["module"]["source"], asks.to_str().unwrap());
    let failed = start(&bundle(folder.path(), wasip1::EXITS, &[]), &["7"]);
    assert_eq!(failed.status, 7, "{failed:#?}");
}

#[test]
fn a_damaged_bundle_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let whole = bundle(folder.path(), wasip1::EXITS, &["--timeout", "5s"]);
    let bytes = std::fs::read(&whole).unwrap();
    let hook = bytes.len() - 3000;
    for at in [hook, bytes.len() - 60, bytes.len() - 20] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let file = folder.path().join(format!("damaged-{at}"));
        std::fs::write(&file, damaged).unwrap();
        std::fs::set_permissions(&file, std::fs::metadata(&whole).unwrap().permissions()).unwrap();
        let refused = start(&file, &[]);
        assert_eq!(
            (refused.status, refused.stdout.as_str()),
            (65, ""),
            "{at}: {refused:#?}"
        );
        assert!(refused.stderr.contains("damaged"), "{refused:#?}");
    }
}

/// What is left must not take its arguments for hooks.
#[test]
fn half_a_bundle_is_not_the_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let whole = bundle(folder.path(), wasip1::EXITS, &["--timeout", "5s"]);
    let bytes = std::fs::read(&whole).unwrap();
    let hook = super::compiled(lifecycle::NOOP, &[]);
    for cut in [1, 100, 5000] {
        let half = folder.path().join(cut.to_string());
        std::fs::write(&half, &bytes[..bytes.len() - cut]).unwrap();
        std::fs::set_permissions(&half, std::fs::metadata(&whole).unwrap().permissions()).unwrap();
        let refused = start(&half, &[&hook]);
        assert_eq!(refused.status, 65, "{refused:#?}");
        assert!(
            refused.stderr.contains("its end is missing"),
            "{refused:#?}"
        );
    }
}

#[test]
fn what_cannot_be_bundled_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("hook");
    let fails = |words: &[&str], status, why: &str| {
        let failed = podhook([&["bundle", "-o", to.to_str().unwrap()], words].concat());
        assert_eq!(
            (failed.status, failed.stdout.as_str()),
            (status, ""),
            "{failed:#?}"
        );
        assert!(failed.stderr.contains(why), "{failed:#?}");
        assert!(!to.exists());
    };
    fails(&["/nowhere.wasm"], 66, "/nowhere.wasm");
    fails(&["/bin/sh"], 65, "not a WebAssembly module");
    fails(&[wasip1::EXITS, "--adapter", "/nowhere"], 66, "/nowhere");
    fails(
        &[wasip1::EXITS, "--adapter", "/bin/sh"],
        65,
        "not a static executable",
    );
}
