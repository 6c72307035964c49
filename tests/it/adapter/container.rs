//! Inside of a real container: read-only root, an ordinary user, no capabilities, no new
//! privileges, the cgroup's limits.

use super::bundle::bundle;
use crate::podhook::{Finished, finish, skipped};
use podhook_test_guests::{lifecycle, wat};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use tempfile::TempDir;

/// A container that does nothing, made of one bundle.
pub(crate) struct Container {
    pub(crate) name: String,
    folder: TempDir,
}

fn runc(words: &[&str]) -> Command {
    let mut command = Command::new("runc");
    command.args(words).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a seccomp profile of `RuntimeDefault` comes to for a container without
/// capabilities: Debian's copy of the one that container runtimes share.
fn default_seccomp() -> Option<Value> {
    let file = "/usr/share/containers/seccomp.json";
    let Ok(text) = fs::read(file) else {
        skipped(&format!(
            "seccomp: no {file}; Debian: golang-github-containers-common"
        ));
        return None;
    };
    let profile: Value = serde_json::from_slice(&text).unwrap();
    let lists = |rule: &Value, key: &str, list: &str, word: &str| {
        let words = rule[key][list].as_array();
        words.is_some_and(|words| words.contains(&word.into()))
    };
    let holds = |rule: &&Value| {
        let wants_capabilities = rule["includes"]["caps"].is_array();
        let elsewhere =
            rule["includes"]["arches"].is_array() && !lists(rule, "includes", "arches", "amd64");
        !wants_capabilities && !elsewhere && !lists(rule, "excludes", "arches", "amd64")
    };
    let rules = profile["syscalls"].as_array().unwrap().iter().filter(holds);
    let rules = rules.map(|rule| {
        let mut rule = rule.clone();
        let parts = rule.as_object_mut().unwrap();
        parts.retain(|key, value| {
            ["names", "action", "args", "errnoRet"].contains(&key.as_str()) && !value.is_null()
        });
        rule
    });
    Some(json!({
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": rules.collect::<Vec<Value>>(),
    }))
}

impl Container {
    /// Where the root file system is.
    pub(crate) fn root(folder: &Path) -> PathBuf {
        folder.join("rootfs")
    }

    /// With `hooks` in `/hooks`; none, said why, where this machine makes no containers.
    pub(crate) fn start(hooks: &[(&str, &str, &[&str])]) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if let Err(why) = runc(&["--version"]).output() {
            skipped(&format!("containers: no runc ({why}); Debian: runc"));
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let root = Self::root(folder.path());
        for inside in ["hooks", "proc", "sys", "dev"] {
            fs::create_dir_all(root.join(inside)).unwrap();
        }
        for (name, module, options) in [&[("pause", wat::SLEEP, &[][..])], hooks].concat() {
            let made = bundle(folder.path(), module, options);
            fs::rename(made, root.join("hooks").join(name)).unwrap();
        }
        let number = NUMBER.fetch_add(1, SeqCst);
        let name = format!("podhook-test-{}-{number}", std::process::id());
        let container = Self { name, folder };
        container.configure();
        // What it prints stays open as long as the container runs.
        let mut run = runc(&["run", "--detach", "--bundle"]);
        run.arg(container.folder.path()).arg(&container.name);
        let errors = container.folder.path().join("errors");
        let sink = || {
            fs::File::options()
                .create(true)
                .append(true)
                .open(&errors)
                .unwrap()
        };
        let status = run.stdout(sink()).stderr(sink()).status().unwrap();
        if status.success() {
            return Some(container);
        }
        let why = fs::read_to_string(&errors).unwrap_or_default();
        skipped(&format!("containers: runc cannot make any here: {why}"));
        None
    }

    fn configure(&self) {
        let file = self.folder.path().join("config.json");
        let spec = runc(&["spec"]).current_dir(self.folder.path()).status();
        assert!(spec.unwrap().success());
        let mut config: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let process = &mut config["process"];
        process["terminal"] = false.into();
        process["args"] = json!(["/hooks/pause"]);
        process["user"] = json!({"uid": 65534, "gid": 65534});
        process["capabilities"] = json!({});
        assert_eq!(process["noNewPrivileges"], true);
        config["root"]["readonly"] = true.into();
        config["linux"]["cgroupsPath"] = format!("/{}", self.name).into();
        config["linux"]["resources"] = json!({
            "cpu": {"quota": 50_000, "period": 100_000},
            "memory": {"limit": 256 << 20},
            "devices": [{"allow": false, "access": "rwm"}],
        });
        if let Some(filter) = default_seccomp() {
            config["linux"]["seccomp"] = filter;
        }
        fs::write(file, config.to_string()).unwrap();
    }

    pub(crate) fn exec(&self, words: &[&str]) -> Finished {
        finish(&mut runc(&[&["exec", &self.name], words].concat()))
    }

    /// What the kernel says of its first process.
    fn status(&self) -> String {
        let state = finish(&mut runc(&["state", &self.name])).report();
        fs::read_to_string(format!("/proc/{}/status", state["pid"])).unwrap()
    }

    /// A file of its cgroup, of v2 or of v1 under this controller.
    fn cgroup(&self, controller: &str, file: &str) -> Option<String> {
        let root = Path::new("/sys/fs/cgroup");
        [root.join(controller), root.to_owned()]
            .iter()
            .find_map(|root| fs::read_to_string(root.join(&self.name).join(file)).ok())
    }

    /// `nr_throttled`, throttled microseconds, and used microseconds.
    fn cpu(&self) -> [u64; 3] {
        let stat = self.cgroup("cpu", "cpu.stat").unwrap();
        let field = |name: &str| {
            let line = stat
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.map(|value| value.parse::<u64>().unwrap())
        };
        let throttled = field("throttled_usec").or_else(|| Some(field("throttled_time")? / 1000));
        let used = field("usage_usec").or_else(|| {
            let nanos = self.cgroup("cpuacct", "cpuacct.usage")?;
            Some(nanos.trim().parse::<u64>().unwrap() / 1000)
        });
        [field("nr_throttled"), throttled, used].map(Option::unwrap)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = runc(&["delete", "--force", &self.name]).output();
    }
}

/// The hook's own limits are the container's, and the kernel throttles it: podhook's
/// throttle would be a second one.
#[test]
fn a_hook_is_accounted_for_as_the_container_s_cgroup_does() {
    let hooks = [("works", lifecycle::WORKS, &["--phase", "pre-stop"][..])];
    let Some(container) = Container::start(&hooks) else {
        return;
    };
    if default_seccomp().is_some() {
        assert!(container.status().contains("\nSeccomp:\t2\n"));
    }
    let before = container.cpu();
    // About 2 s of CPU time, and 64 MiB.
    let ran = container.exec(&["/hooks/works", "-o", "json", "--", "hash", "2600", "64"]);
    let after = container.cpu();
    assert_eq!(ran.status, 0, "{ran:#?}");
    let report = ran.report();
    let limits = &report["limits"];
    assert_eq!(
        limits["cpu"],
        json!({"quota_usec": 50_000, "period_usec": 100_000})
    );
    assert_eq!(limits["memory"]["max"], 256 << 20);
    assert_eq!(
        report["accounting"],
        json!({"cpu": "kernel", "memory": "kernel"})
    );
    let [throttled, stood, used] = [0, 1, 2].map(|index| after[index] - before[index]);
    let cpu = &report["usage"]["cpu"];
    assert_eq!(
        (&cpu["nr_throttled"], &cpu["throttled_usec"]),
        (&throttled.into(), &stood.into())
    );
    // Seldom where others leave it half of a processor at most.
    assert!(throttled > 0, "{throttled}");
    let told = cpu["usage_usec"].as_u64().unwrap();
    assert!(used > 1_000_000, "{used}");
    assert!(told <= used && told * 20 >= used * 19, "{told} of {used}");
    let peak = report["usage"]["memory"]["peak"].as_u64().unwrap();
    assert!(peak > 64 << 20, "{peak}");
}

#[test]
fn the_container_s_memory_is_the_limit() {
    let hooks = [("works", lifecycle::WORKS, &["--phase", "pre-stop"][..])];
    let Some(container) = Container::start(&hooks) else {
        return;
    };
    let ran = container.exec(&["/hooks/works", "-o", "json", "--", "hash", "1", "300"]);
    let report = ran.report();
    assert_eq!(
        (ran.status, &report["reason"]),
        (137, &"OOMKilled".into()),
        "{report:#}"
    );
    // podhook ended it, before the kernel ended the container.
    assert_eq!(
        container.exec(&["/hooks/works", "--", "hash", "1"]).status,
        0
    );
}

/// What `kubectl logs` shows.
#[test]
fn the_hook_s_words_reach_the_container_s_own_output() {
    let to = ["--log-to", "/proc/1/fd/1", "--", "log"];
    let Some(container) = Container::start(&[("says", lifecycle::ASKS, &to)]) else {
        return;
    };
    let said = container.exec(&["/hooks/says", "so it is"]);
    assert_eq!(
        (said.status, said.stdout.as_str()),
        (0, "logged\n"),
        "{said:#?}"
    );
    let shown = fs::read_to_string(container.folder.path().join("errors")).unwrap();
    assert!(
        shown.contains("so it is") && shown.contains("logged"),
        "{shown}"
    );
}

#[test]
fn the_main_process_can_be_signalled() {
    let grant = ["--allow-signal", "--", "signal"];
    let hooks = [
        ("signal", lifecycle::ASKS, &grant[..]),
        ("deny", lifecycle::ASKS, &["--", "signal", "term"]),
    ];
    let Some(container) = Container::start(&hooks) else {
        return;
    };
    let denied = container.exec(&["/hooks/deny"]);
    assert_eq!(denied.stdout, "Err(Denied)\n", "{denied:#?}");
    // Nobody waits for this one, and the first process is spared what it does not handle.
    let told = container.exec(&["/hooks/signal", "usr1"]);
    assert_eq!(
        (told.status, told.stdout.as_str()),
        (0, "Ok(())\n"),
        "{told:#?}"
    );
    // With its first process the container ends, and whoever is in it.
    container.exec(&["/hooks/signal", "term"]);
    while finish(&mut runc(&["state", &container.name]))
        .stdout
        .contains("\"running\"")
    {}
}
