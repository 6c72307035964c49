//! What is no hook, and options that say nothing: each its own message and status.

use crate::podhook::{Finished, command, finish, podhook, repository};
use podhook_test_guests::{lifecycle, wasip1, wat};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Nothing on stdout, one line (and perhaps a hint) on stderr.
fn fails(status: i32, words: &str, arguments: &[&str]) -> Finished {
    let finished = podhook(arguments);
    assert_eq!(finished.status, status, "{finished:#?}");
    assert_eq!(finished.stdout, "", "{finished:#?}");
    assert!(finished.stderr.starts_with("error: "), "{finished:#?}");
    assert!(finished.stderr.contains(words), "{finished:#?}");
    finished
}

/// Refused with a report, as JSON and as text.
fn refused(words: &str, file: &Path) {
    let file = file.to_str().unwrap();
    let json = podhook(["run", "-o", "json", file]);
    let report = json.report();
    assert_eq!((json.status, &report["outcome"]), (65, &"Refused".into()));
    assert_eq!(report["reason"], "InvalidModule");
    let message = report["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    fails(65, words, &["run", file]);
    fails(65, words, &["inspect", file]);
    fails(65, words, &["compile", file, "-o", "/dev/null/never"]);
}

#[test]
fn what_is_not_there_or_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for verb in ["run", "inspect", "compile"] {
        fails(66, "No such file", &[verb, &path("missing.wasm")]);
        fails(66, "no Cargo.toml", &[verb, &path("")]);
        fails(66, "not a regular file", &[verb, "/dev/null"]);
    }
    fails(66, "no Cargo.toml", &["build", &path("")]);
    fails(66, "no Cargo.toml", &["build", &path("missing")]);
    let fifo = path("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    fails(66, "not a regular file", &["run", &fifo]);
}

#[test]
fn what_is_no_module() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let module = fs::read(wasip1::EXITS).unwrap();
    let component = fs::read(lifecycle::NOOP).unwrap();
    refused("empty", &file("empty.wasm", b""));
    refused("text", &file("text.wat", b"(module)"));
    refused("begins with", &file("script.wasm", b"#!/bin/sh\n"));
    refused("malformed", &file("cut.wasm", &module[..module.len() / 2]));
    refused(
        "malformed",
        &file("cut-component.wasm", &component[..component.len() / 2]),
    );
    refused("malformed", &file("magic.wasm", b"\0asm"));
    let sparse = folder.path().join("huge.wasm");
    let huge = fs::File::create(&sparse).unwrap();
    huge.set_len(65 << 20).unwrap();
    refused("the most is", &sparse);
}

#[test]
fn compiled_code_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let compiled = folder.path().join("hook.cwasm");
    let to = compiled.to_str().unwrap();
    for options in [&[][..], &["--target-cpu", "native"], &["--fuel"]] {
        let arguments = [&["compile", lifecycle::NOOP, "-o", to], options].concat();
        let finished = podhook(arguments);
        assert_eq!(
            (finished.status, finished.stdout.trim()),
            (0, to),
            "{finished:#?}"
        );
        refused("precompiled", &compiled);
    }
    let bytes = fs::read(&compiled).unwrap();
    assert!(bytes.ends_with(b"podhook\x02"));
    let note = String::from_utf8_lossy(&bytes[bytes.len() - 1500..]).into_owned();
    for line in [
        "\nkind lifecycle\n",
        "\nphases PostStart,PreStop\n",
        "\nfuel true\n",
        "digest sha256:",
    ] {
        assert!(note.contains(line), "{note}");
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left behind");
}

#[test]
fn options_that_contradict_the_hook() {
    let fails =
        |words, arguments: &[&str]| fails(2, words, &[&["run", "-o", "json"], arguments].concat());
    fails("--phase post-start or --phase pre-stop", &[lifecycle::NOOP]);
    fails("is given no request", &["--http-get", "/", lifecycle::NOOP]);
    fails("is given no request", &["--header", "A: b", wasip1::EXITS]);
    fails(
        "granted twice",
        &["--dir", "/tmp::/x", "--dir", "/var::/x", wat::SPIN],
    );
}

#[test]
fn options_that_say_nothing() {
    for (option, value) in [
        ("--memory", "much"),
        ("--memory", "-1"),
        ("--memory", "9Ei"),
        ("--timeout", "10"),
        ("--timeout", "-1s"),
        ("--fuel", "1.5"),
        ("--fuel", "18446744073709551616"),
        ("--dir", "/tmp"),
        ("--env", "=x"),
        ("--config", "x"),
        ("--allow-host", "*.example.com"),
        ("--allow-host", "ftp://example.com"),
        ("--allow-network", "10.0.0.0/64"),
        ("--header", "no colon"),
        ("--http-get", "x"),
        ("--http-get", "/a b"),
        ("--phase", "stop"),
        ("--container-pid", "0"),
        ("--max-output", "x"),
        ("-o", "yaml"),
    ] {
        let finished = podhook(["run", option, value, wat::SPIN]);
        assert_eq!(
            (finished.status, finished.stdout.as_str()),
            (2, ""),
            "{finished:#?}"
        );
        assert!(finished.stderr.starts_with("error: "), "{finished:#?}");
    }
    assert_eq!(podhook(["run"]).status, 2);
    assert_eq!(podhook(["frobnicate"]).status, 2);
}

#[test]
fn a_folder_that_does_not_build() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "not a manifest").unwrap();
    let path = folder.path().to_str().unwrap();
    for verb in ["run", "build"] {
        let finished = podhook([verb, path]);
        assert_eq!(
            (finished.status, finished.stdout.as_str()),
            (65, ""),
            "{finished:#?}"
        );
        assert!(
            finished.stderr.contains("the build failed"),
            "{finished:#?}"
        );
    }
    let manifest = "[package]\nname = \"none\"\nedition = \"2024\"\n[lib]\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "").unwrap();
    fs::copy(
        repository().join("rust-toolchain.toml"),
        folder.path().join("rust-toolchain.toml"),
    )
    .unwrap();
    let finished = podhook(["build", path]);
    assert_eq!(finished.status, 65, "{finished:#?}");
    assert!(finished.stderr.contains("cdylib"), "{finished:#?}");
}

#[test]
fn a_name_that_is_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"\xff.wasm"));
    fs::copy(wasip1::EXITS, &path).unwrap();
    let finished = finish(command().args(["run", "-o", "json"]).arg(&path));
    assert_eq!(finished.status, 0, "{finished:#?}");
    assert!(
        finished.report()["module"]["source"]
            .as_str()
            .unwrap()
            .ends_with("\u{fffd}.wasm")
    );
}

#[test]
fn a_reader_that_is_gone_is_no_failure() {
    for format in ["text", "json"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = command();
        command
            .args(["run", "-o", format, wat::OUTPUT_FLOOD])
            .stdout(writer);
        assert_eq!(finish(&mut command).status, 0);
    }
}

/// A machine that is out of address space is no fault of the hook's.
#[test]
fn what_the_machine_cannot_do_is_our_failure() {
    let run = format!(
        "ulimit -v 2000000; exec {} run -o json {}",
        env!("CARGO_BIN_EXE_podhook"),
        wat::UNREACHABLE
    );
    let cache = crate::podhook::scratch().join("cache");
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &run])
        .env("PODHOOK_CACHE", cache)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let finished = finish(&mut shell);
    assert_eq!(finished.status, 70, "{finished:#?}");
    let report = finished.report();
    assert_eq!(report["outcome"], "HostFault", "{report:#}");
    assert!(
        report["message"].as_str().unwrap().contains("memory"),
        "{report:#}"
    );
}

#[test]
fn a_result_that_is_lost_is_no_success() {
    for arguments in [
        &["run", "-o", "json", wasip1::EXITS][..],
        &["inspect", wasip1::EXITS],
        &["man"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let finished = finish(command().args(arguments).stdout(full));
        assert_eq!(finished.status, 70, "{arguments:?}: {finished:#?}");
        assert!(finished.stderr.contains("No space left"), "{finished:#?}");
    }
}

#[test]
fn a_cache_that_was_tampered_with_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let run = || {
        let arguments = ["-v", "run", lifecycle::ONE_PHASE];
        finish(command().env("PODHOOK_CACHE", &cache).args(arguments))
    };
    let entry = || {
        let mut entries = fs::read_dir(&cache)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .find(|path| path.extension().is_some_and(|end| end == "code"))
            .unwrap()
    };
    assert_eq!((run().status, run().stderr.as_str()), (0, ""));
    let mut code = fs::read(entry()).unwrap();
    code[1000] ^= 1;
    fs::write(entry(), &code).unwrap();
    let again = run();
    assert_eq!(again.status, 0, "{again:#?}");
    assert!(again.stderr.contains("is not ours"), "{again:#?}");
    assert_eq!((run().status, run().stderr.as_str()), (0, ""), "and kept");
}

#[test]
fn what_compiling_may_cost_is_the_environments_to_say() {
    for (name, value, status, said) in [
        (
            "PODHOOK_COMPILE_TIME",
            "soon",
            78,
            "$PODHOOK_COMPILE_TIME: ",
        ),
        (
            "PODHOOK_COMPILE_MEMORY",
            "-1",
            78,
            "$PODHOOK_COMPILE_MEMORY: ",
        ),
        (
            "PODHOOK_COMPILE_MEMORY",
            "1Mi",
            65,
            // Not even its threads have room.
            "Refused (InvalidModule)",
        ),
        ("PODHOOK_COMPILE_MEMORY", "2Gi", 0, ""),
        ("PODHOOK_COMPILE_TIME", "1m", 0, ""),
    ] {
        let run = ["run", lifecycle::ONE_PHASE];
        let uncached = [("PODHOOK_CACHE", ""), (name, value)];
        let finished = finish(command().envs(uncached).args(run));
        assert_eq!(finished.status, status, "{value}: {finished:#?}");
        assert!(finished.stderr.contains(said), "{value}: {finished:#?}");
    }
}

#[test]
fn a_cache_that_cannot_be_used_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for cache in [file.to_str().unwrap(), "/proc/nowhere", ""] {
        let run = ["run", lifecycle::ONE_PHASE];
        let finished = finish(command().env("PODHOOK_CACHE", cache).args(run));
        assert_eq!(
            (finished.status, finished.stderr.as_str()),
            (0, ""),
            "{cache:?}: {finished:#?}"
        );
    }
}
