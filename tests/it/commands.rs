//! Commands written in Rust, as core modules and as components: both must behave the
//! same.

use crate::podhook::{ends, exhausts, podhook, said, succeeds};
use serde_json::Value;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Tests of the guests in `commands/`, for one generation of WASI.
macro_rules! generation {
    ($name:ident) => {
        pub(crate) mod $name {
            use podhook_test_guests::$name as guests;

            #[test]
            pub(crate) fn exits() {
                super::exits(guests::EXITS, stringify!($name) == "wasip1");
            }

            #[test]
            pub(crate) fn files() {
                super::files_are_granted(guests::FILES);
                super::read_only_is_read_only(guests::FILES);
                super::nothing_is_granted_by_default(guests::FILES);
                super::handles_are_limited(guests::FILES);
                super::a_long_list_is_the_hooks_memory(guests::FILES);
                super::what_is_written_and_made_is_limited(guests::FILES);
                super::no_link_that_comes_and_goes_leads_out(guests::FILES);
            }

            #[test]
            pub(crate) fn prints() {
                super::prints(guests::PRINTS);
            }
        }
    };
}

generation!(wasip1);
generation!(wasip2);

fn exits(module: &str, core: bool) {
    succeeds(&[module]);
    let report = succeeds(&[module, "--", "return"]);
    assert_eq!(report["guestExitCode"], 0);
    ends("Failed", 1, "exit status 1", &[module, "--", "1"]);
    ends("Trapped", 134, "unreachable", &[module, "--", "panic"]);
    if core {
        let report = ends("Failed", 125, "exit status 125", &[module, "--", "125"]);
        assert_eq!(report["guestExitCode"], 125);
        ends("Failed", 65, "exit status 65", &[module, "--", "65"]);
        let report = ends("Trapped", 134, "over 125", &[module, "--", "126"]);
        assert_eq!(report["guestExitCode"], 126);
        let report = ends("Trapped", 134, "over 125", &[module, "--", "-1"]);
        assert_eq!(report["guestExitCode"], u32::MAX);
    } else {
        // A component of this toolchain can say only 0 or 1.
        ends("Failed", 1, "exit status 1", &[module, "--", "42"]);
    }
}

fn act(module: &str, grant: &str, words: &[&str]) -> Value {
    let arguments = [&["run", "-o", "json", "--dir", grant, module, "--"], words].concat();
    podhook(arguments).report()
}

fn files_are_granted(module: &str) {
    let folder = tempfile::tempdir().unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let act = |words: &[&str]| said(&act(module, &grant, words)).to_owned();
    assert_eq!(act(&["write", "/data/a", "one"]), "done");
    assert_eq!(act(&["append", "/data/a", " two"]), "done");
    assert_eq!(
        fs::read_to_string(folder.path().join("a")).unwrap(),
        "one two"
    );
    assert_eq!(act(&["mkdir", "/data/d"]), "done");
    assert_eq!(act(&["rename", "/data/a", "/data/d/b"]), "done");
    assert_eq!(act(&["read", "/data/d/b"]), "one two");
    assert_eq!(act(&["list", "/data"]), "d");
    assert_eq!(act(&["remove", "/data/d/b"]), "done");
    // Out of the folder leads nowhere, by name or by link.
    assert!(act(&["read", "/data/../../etc/passwd"]).starts_with("error"));
    assert!(act(&["read", "/etc/passwd"]).starts_with("error"));
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("out")).unwrap();
    assert!(act(&["read", "/data/out"]).starts_with("error"));
}

fn read_only_is_read_only(module: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "one").unwrap();
    let grant = format!("{}::/data:ro", folder.path().display());
    for words in [
        &["write", "/data/a", "two"][..],
        &["append", "/data/a", "two"],
        &["write", "/data/b", "two"],
        &["mkdir", "/data/d"],
        &["remove", "/data/a"],
        &["rename", "/data/a", "/data/b"],
        &["link", "/data/a", "/data/b"],
    ] {
        let report = act(module, &grant, words);
        assert!(said(&report).starts_with("error"), "{words:?}: {report:#}");
    }
    assert_eq!(said(&act(module, &grant, &["read", "/data/a"])), "one");
    assert_eq!(fs::read_to_string(folder.path().join("a")).unwrap(), "one");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn nothing_is_granted_by_default(module: &str) {
    let report = ends(
        "Failed",
        1,
        "exit status 1",
        &[module, "--", "read", "/etc/passwd"],
    );
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .contains("--dir HOST::GUEST"),
        "{report:#}"
    );
    assert_eq!(said(&succeeds(&[module, "--", "envs"])), "0");
    let arguments = ["--env", "A=b=c", module, "--", "env", "A"];
    assert_eq!(said(&succeeds(&arguments)), "b=c");
}

fn handles_are_limited(module: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "").unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let hold = |count| {
        [
            "--dir",
            &grant,
            "--max-open-files",
            "64",
            module,
            "--",
            "hold",
            count,
            "/data/a",
        ]
    };
    assert_eq!(said(&succeeds(&hold("10"))), "held 10");
    exhausts("handles", 153, &hold("100"));
}

/// The host makes the whole list for the first entry; who fills a folder fills no host.
fn a_long_list_is_the_hooks_memory(module: &str) {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..20_000 {
        fs::File::create(folder.path().join(format!("{number:0>200}"))).unwrap();
    }
    let grant = format!("{}::/data", folder.path().display());
    let first = |memory| {
        [
            "--dir", &grant, "--memory", memory, module, "--", "first", "/data",
        ]
    };
    assert_eq!(said(&succeeds(&first("32Mi"))), "one");
    exhausts("memory", 137, &first("4Mi"));
}

fn what_is_written_and_made_is_limited(module: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let run = |option: [&'static str; 2], words: &[&'static str]| {
        let head = ["--dir", &grant, option[0], option[1], module, "--"];
        [&head[..], words].concat()
    };
    // Once each: a second run would find what the first has made.
    let once = |option, words: &[&'static str]| {
        let words = run(option, words);
        podhook([&["run", "-o", "json"], words.as_slice()].concat())
    };
    let passes = |option, words: &[&'static str]| {
        let done = once(option, words);
        assert_eq!(done.status, 0, "{done:?}");
    };
    let fails = |resource: &str, option: [&'static str; 2], words: &[&'static str]| {
        let done = once(option, words);
        assert_eq!(
            (done.status, &done.report()["resource"]),
            (153, &resource.into())
        );
        let message = done.report()["message"].to_string();
        assert!(message.contains(option[0]), "{message}");
    };
    let disk = ["--max-disk", "100Ki"];
    passes(disk, &["fill", "102400", "/data/a"]);
    fails("disk", disk, &["fill", "102401", "/data/a"]);
    // What is there already is nobody's to count, what a hole makes of it is.
    passes(disk, &["resize", "200000", "/data/a"]);
    fails("disk", disk, &["resize", "400000", "/data/a"]);
    passes(disk, &["resize", "0", "/data/a"]);
    let files = ["--max-files", "5"];
    passes(files, &["make", "5", "/data/sub"]);
    // They are there.
    passes(files, &["make", "5", "/data/sub"]);
    fails("files", files, &["make", "11", "/data/sub"]);
    assert_eq!(fs::read_dir(folder.path().join("sub")).unwrap().count(), 10);
    let depth = ["--max-depth", "3"];
    passes(depth, &["nest", "2", "/data/sub"]);
    fails("files", depth, &["nest", "4", "/data"]);
    assert!(folder.path().join("d/d/d").is_dir());
    assert!(!folder.path().join("d/d/d/d").exists());
    // A folder is not moved down, where it would take others along.
    let moved = act(module, &grant, &["rename", "/data/sub", "/data/d/sub"]);
    assert_eq!(said(&moved), "error: CrossesDevices");
    let moved = act(module, &grant, &["rename", "/data/d/d/d", "/data/up"]);
    assert_eq!(said(&moved), "done");
    let calls = ["--max-host-calls", "500"];
    passes(calls, &["clock", "100"]);
    fails("hostcalls", calls, &["clock", "600"]);
}

/// Somebody who shares the folder makes a folder in it a link that leads out, and back
/// again, all the time.
fn no_link_that_comes_and_goes_leads_out(module: &str) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("data");
    fs::create_dir_all(folder.join("real")).unwrap();
    fs::write(outer.path().join("secret"), "").unwrap();
    fs::write(folder.join("real/inside"), "").unwrap();
    let is_over = AtomicBool::new(false);
    let grant = format!("{}::/data", folder.display());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let way = folder.join("way");
            while !is_over.load(Relaxed) {
                for target in ["real", "..", outer.path().to_str().unwrap()] {
                    let fresh = folder.join("fresh");
                    std::os::unix::fs::symlink(target, &fresh).unwrap();
                    fs::rename(&fresh, &way).unwrap();
                }
            }
        });
        let tried = |path| act(module, &grant, &["try", "3000", path]);
        let (outside, inside) = (tried("/data/way/secret"), tried("/data/way/inside"));
        is_over.store(true, Relaxed);
        assert_eq!(said(&outside), "read 0 times");
        // The race was on: some way led inside.
        assert_ne!(said(&inside), "read 0 times");
    });
}

fn prints(module: &str) {
    let report = succeeds(&[module, "--", "2"]);
    assert_eq!(report["stdout"], "line 000000\nline 000001\n");
    assert_eq!(report["stderr"], "read 0 bytes\n");
    let text = podhook(["run", module, "--", "2"]);
    assert_eq!(text.stdout, "line 000000\nline 000001\n");
    assert_eq!(text.stderr, "read 0 bytes\n");
    let report = succeeds(&["--max-output", "40", module, "--", "1000"]);
    assert_eq!(report["stdout"].as_str().unwrap().len(), 40);
    assert_eq!(report["truncatedBytes"]["stdout"], 12_000 - 40);
}
