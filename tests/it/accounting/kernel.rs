//! The kernel keeps the account, in cgroups that are made for a test.

use super::*;
use crate::podhook::{Finished, watchdog};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A cgroup of v1 under some controllers, removed with it.
struct Group {
    folders: Vec<PathBuf>,
}

static GROUPS: AtomicU64 = AtomicU64::new(0);

impl Group {
    /// `None`, and said so, where none can be made.
    fn make(controllers: &[&str]) -> Option<Self> {
        let name = format!(
            "podhook-test-{}-{}",
            std::process::id(),
            GROUPS.fetch_add(1, Relaxed)
        );
        let mut made = Self {
            folders: Vec::new(),
        };
        for controller in controllers {
            let folder = Path::new("/sys/fs/cgroup").join(controller).join(&name);
            if let Err(why) = fs::create_dir(&folder) {
                skipped(&format!("no cgroup {}: {why}", folder.display()));
                return None;
            }
            made.folders.push(folder);
        }
        Some(made)
    }

    fn write(&self, controller: usize, file: &str, text: &str) {
        fs::write(self.folders[controller].join(file), text).unwrap();
    }

    fn read(&self, controller: usize, file: &str) -> String {
        fs::read_to_string(self.folders[controller].join(file)).unwrap()
    }

    fn path(&self) -> &str {
        self.folders[0].to_str().unwrap()
    }

    fn processes(&self, controller: usize) -> Vec<String> {
        let text = self.read(controller, "cgroup.procs");
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            // A process that was killed is gone in a moment.
            for _ in 0..500 {
                if fs::remove_dir(folder).is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

const ALL: [&str; 3] = ["cpu", "cpuacct", "memory"];

#[test]
fn a_worker_process_is_charged_and_throttled_by_the_kernel() {
    let Some(group) = Group::make(&ALL) else {
        return;
    };
    group.write(0, "cpu.cfs_quota_us", "20000");
    let words = [
        "run",
        "-o",
        "json",
        "--cgroup",
        group.path(),
        "--timeout",
        "700ms",
        wat::SPIN,
    ];
    let seen = podhook(words);
    assert_eq!(seen.status, 124, "{}", seen.stderr);
    let report = seen.report();
    assert_eq!(
        report["accounting"],
        json!({"cpu": "kernel", "memory": "kernel"})
    );
    assert_eq!(report["outcome"], "Exhausted");
    let stat = group.read(0, "cpu.stat");
    let stat = |name: &str| {
        let line = stat
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    let cpu = |name: &str| number(&report, &format!("/usage/cpu/{name}"));
    assert!(cpu("nr_throttled") >= 1 && cpu("nr_throttled") <= stat("nr_throttled"));
    assert!(cpu("throttled_usec") <= stat("throttled_time") / 1000);
    let used = group
        .read(1, "cpuacct.usage")
        .trim()
        .parse::<u64>()
        .unwrap()
        / 1000;
    // What comes after the report is printing it.
    assert!(
        cpu("usage_usec") <= used && cpu("usage_usec") + 40_000 >= used,
        "{used}: {report}"
    );
    assert!(group.processes(0).is_empty());
}

#[test]
fn the_ledger_ends_a_hook_before_the_kernel_ends_its_container() {
    let Some(group) = Group::make(&ALL) else {
        return;
    };
    group.write(2, "memory.limit_in_bytes", "64M");
    let words = ["--cgroup", group.path(), wat::TOUCH];
    let report = exhausts("memory", 137, &words);
    assert_eq!(report["limits"]["memory"]["max"], 64 << 20);
    assert_eq!(report["accounting"]["memory"], "kernel");
    assert!(number(&report, "/usage/memory/peak") > 48 << 20);
    assert!(group.read(2, "memory.oom_control").contains("oom_kill 0"));
}

#[test]
fn a_worker_that_the_kernel_kills_has_a_report() {
    let Some(group) = Group::make(&ALL) else {
        return;
    };
    group.write(2, "memory.limit_in_bytes", "16M");
    let words = ["--cgroup", group.path(), "--memory", "1Gi", wat::TOUCH];
    let report = exhausts("memory", 137, &words);
    let message = report["message"].as_str().unwrap();
    assert!(
        message.starts_with("the kernel killed the worker"),
        "{message}"
    );
    assert_eq!(report["usage"]["memory"]["events"]["oom_kill"], 1);
    assert_eq!(report["module"]["kind"], "command");
}

/// A child that waits in the cgroup; podhook's output when it has ended.
fn while_it_runs(words: &[&str], disturb: impl FnOnce()) -> Finished {
    let mut podhook = command();
    podhook.args(["run", "-o", "json"]).args(words);
    podhook.stdout(Stdio::piped()).stderr(Stdio::piped());
    std::thread::scope(|scope| {
        let finished = scope.spawn(|| finish(&mut podhook));
        disturb();
        finished.join().unwrap()
    })
}

/// Waits for the worker.
fn worker(group: &Group) -> String {
    for _ in 0..6000 {
        if let Some(worker) = group.processes(0).pop() {
            return worker;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no worker came to {}", group.path());
}

#[test]
fn a_worker_that_is_killed_has_a_report() {
    let Some(group) = Group::make(&ALL) else {
        return;
    };
    let words = ["--cgroup", group.path(), "--timeout", "0", wat::SPIN];
    let seen = while_it_runs(&words, || {
        let worker = worker(&group).parse().unwrap();
        let pid = rustix::process::Pid::from_raw(worker).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    });
    let report = seen.report();
    assert_eq!(
        (seen.status, &report["outcome"]),
        (143, &json!("Cancelled"))
    );
    assert_eq!(report["accounting"]["cpu"], "kernel");
}

/// The kernel never lets it run again: the deadline is podhook's to keep.
#[test]
fn a_worker_that_is_frozen_ends_at_its_deadline() {
    let Some(group) = Group::make(&ALL) else {
        return;
    };
    let Some(frozen) = Group::make(&["freezer"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let stdout = folder.path().join("stdout");
    let mut podhook = command();
    podhook.args(["run", "-o", "json", "--cgroup", group.path()]);
    podhook.args(["--timeout", "500ms", wat::SPIN]);
    // A frozen process keeps a pipe open.
    podhook.stdout(fs::File::create(&stdout).unwrap());
    let mut podhook = podhook.stderr(Stdio::null()).spawn().unwrap();
    frozen.write(0, "cgroup.procs", &worker(&group));
    frozen.write(0, "freezer.state", "FROZEN");
    let watchdog = watchdog(&podhook);
    let status = podhook.wait().unwrap();
    watchdog.join().unwrap();
    frozen.write(0, "freezer.state", "THAWED");
    let report: Value = serde_json::from_slice(&fs::read(stdout).unwrap()).unwrap();
    assert_eq!(status.code(), Some(124));
    assert_eq!(report["resource"], "time");
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("did not answer"), "{message}");
}

/// Where there is no memory to be accounted for, a thread is enough.
#[test]
fn a_thread_of_its_own_has_its_cpu_time_charged() {
    let Some(group) = Group::make(&["cpu", "cpuacct"]) else {
        return;
    };
    group.write(0, "cpu.cfs_quota_us", "30000");
    let words = ["--cgroup", group.path(), "--timeout", "500ms", wat::SPIN];
    let report = exhausts("time", 124, &words);
    assert_eq!(
        report["accounting"],
        json!({"cpu": "kernel", "memory": "ledger"})
    );
    assert!(number(&report, "/usage/cpu/nr_throttled") >= 1, "{report}");
    assert_eq!(report["limits"]["memory"]["max"], 128 << 20);
}

#[test]
fn a_worker_has_its_grants_output_and_status() {
    let Some(group) = Group::make(&ALL) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "text").unwrap();
    let grant = format!("{}::/data", folder.path().display());
    let words = [
        "run",
        "--cgroup",
        group.path(),
        "--dir",
        &grant,
        wasip1::FILES,
        "--",
    ];
    let seen = podhook([&words[..], &["read", "/data/file"]].concat());
    assert_eq!((seen.status, seen.stdout.as_str()), (0, "text\n"));
    let seen = podhook([&words[..], &["read", "/data/none"]].concat());
    assert_eq!(seen.status, 1);
    let crate_folder = repository().join("examples/write-message");
    let share = tempfile::tempdir().unwrap();
    let grant = format!("{}::/usr/share", share.path().display());
    let words = [
        "run",
        "-v",
        "--cgroup",
        group.path(),
        "--phase",
        "post-start",
        "--dir",
        &grant,
    ];
    let seen = podhook([&words[..], &[crate_folder.to_str().unwrap()]].concat());
    assert_eq!(seen.status, 0, "{}", seen.stderr);
    assert!(share.path().join("message").is_file());
}

#[test]
fn nobody_else_can_ask_for_a_worker() {
    let seen = finish(
        command()
            .args(["run", "--worker", wat::SPIN])
            .stdin(Stdio::null()),
    );
    assert_eq!(seen.status, 2);
    assert!(
        seen.stderr.contains("podhook starts workers itself"),
        "{}",
        seen.stderr
    );
}
