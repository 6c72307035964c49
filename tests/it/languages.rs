//! `podhook new --lang`: what it makes is built, tested and told apart, by the language's own
//! tools.
//!
//! They are large and slow beside everything else here, so these tests run where
//! `PODHOOK_TEST_LANGUAGES` is set, as in CI.

use crate::podhook::{Finished, command, finish, skipped};
use std::env;
use std::fs;
use std::path::Path;

fn podhook(project: &Path, words: &[&str]) -> Finished {
    finish(command().args(words).current_dir(project))
}

/// Makes a project, builds it, tests it, runs it, plays its pod.
fn newcomer(language: &str, written: &str) {
    if env::var_os("PODHOOK_TEST_LANGUAGES").is_none() {
        return skipped(&format!("{language}: PODHOOK_TEST_LANGUAGES is not set"));
    }
    let folder = tempfile::tempdir().unwrap();
    let made = podhook(folder.path(), &["new", "farewell", "--lang", language]);
    assert_eq!(made.status, 0, "{made:#?}");
    let project = folder.path().join("farewell");
    let built = podhook(&project, &["build"]);
    if built.stderr.contains("is not there") {
        return skipped(&format!("{language}: {}", built.stderr));
    }
    assert_eq!(built.stdout, "./farewell.wasm\n", "{built:#?}");
    let ran = podhook(&project, &["run", "--env", "FAREWELL=bye", "farewell.wasm"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "bye\n"), "{ran:#?}");
    let tested = podhook(&project, &["test", "farewell.wasm"]);
    assert!(tested.stdout.contains("1 passed; 0 failed"), "{tested:#?}");
    let shown = podhook(&project, &["inspect", "-o", "json", "farewell.wasm"]).report();
    assert_eq!(
        shown["languages"],
        serde_json::json!([written]),
        "{shown:#}"
    );
    let words = ["pod", "run", "pod.yaml", "--until", "running", "-o", "json"];
    let played = podhook(&project, &words).report();
    assert_eq!(played["reports"][0]["stdout"], "goodbye\n", "{played:#}");
}

#[test]
fn c() {
    newcomer("c", "C");
}

#[test]
fn go() {
    newcomer("go", "Go");
}

#[test]
fn zig() {
    newcomer("zig", "Zig");
}

#[test]
fn assemblyscript() {
    newcomer("assemblyscript", "AssemblyScript");
}

#[test]
fn python() {
    newcomer("python", "Python");
}

#[test]
fn javascript() {
    newcomer("javascript", "JavaScript");
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (language, needed) in [
        ("c", "install Zig, which has a C compiler"),
        ("go", "install Go 1.21 or newer"),
        ("zig", "install Zig 0.17"),
        ("assemblyscript", "install Node.js"),
        ("python", "install componentize-py"),
        ("javascript", "install Node.js"),
    ] {
        let made = podhook(folder.path(), &["new", language, "--lang", language]);
        assert_eq!(made.status, 0, "{made:#?}");
        let mut build = command();
        build.arg("build").env("PATH", "/nowhere");
        let built = finish(build.current_dir(folder.path().join(language)));
        assert_eq!((built.status, built.stdout.as_str()), (65, ""));
        assert!(built.stderr.contains(needed), "{built:#?}");
    }
}

#[test]
fn a_project_says_how_it_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("podhook.toml");
    let build = |text: &str| {
        fs::write(&manifest, text).unwrap();
        podhook(folder.path(), &["build"])
    };
    let way = "output = 'a.wasm'\n[[build]]\nneeds = 'a shell'\n";
    for (text, status, why) in [
        ("output = 1", 78, "line 1: invalid type"),
        (
            "output = 'a'\nbild = []",
            78,
            "line 2: unknown field `bild`",
        ),
        ("output = 'a'\nbuild = []", 78, "it says no command"),
        (
            &format!("{way}command = ['false']"),
            65,
            "the build failed (exit status: 1)",
        ),
        (
            &format!("{way}command = ['true']\n"),
            65,
            "the build did not make a.wasm",
        ),
    ] {
        let built = build(text);
        assert_eq!(built.status, status, "{built:#?}");
        assert!(built.stderr.contains(why), "{built:#?}");
    }
    let text = format!("language = 'Shell'\n{way}command = ['true']\n");
    assert!(
        build(&text)
            .stderr
            .contains("the build did not make a.wasm")
    );
    let text = format!(
        "{way}env = {{ WORD = 'made' }}\ncommand = ['sh', '-c', 'echo $WORD | tee a.wasm']\n"
    );
    let built = build(&text);
    assert_eq!((built.status, built.stdout.as_str()), (0, "./a.wasm\n"));
    assert!(built.stderr.contains("made"), "{built:#?}");
    let refused = podhook(folder.path(), &["build", "--target", "wasm32-wasip1"]);
    assert_eq!(refused.status, 2, "{refused:#?}");
}
