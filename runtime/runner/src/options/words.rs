//! Options as words again, for a program that reads them later.

use crate::options::{CgroupOptions, GrantOptions, HookOptions, LimitOptions};
use podhook_ledger::CgroupName;
use podhook_lifecycle::{Access, DirGrant, Hook, HostGrant};
use std::ffi::OsString;
use std::fmt::Display;

/// Words, one after the other.
#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn add(&mut self, option: &str, value: impl Into<OsString>) {
        self.0.extend([OsString::from(option), value.into()]);
    }

    fn shown(&mut self, option: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(option, value.to_string());
        }
    }
}

impl HookOptions {
    /// All that is said but HOOK: read again, they say the same.
    #[must_use]
    pub fn words(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.shown("--phase", self.phase.map(Hook::kebab));
        words.shown("--http-get", self.http_get.as_ref());
        for (name, value) in &self.headers {
            words.add("--header", format!("{name}: {value}"));
        }
        if let Some(folder) = &self.state_dir {
            words.add("--state-dir", folder);
        }
        self.limits.say(&mut words);
        self.cgroup.say(&mut words);
        self.grants.say(&mut words);
        if !self.args.is_empty() {
            words.0.push("--".into());
            words.0.extend(self.args.iter().map(OsString::from));
        }
        words.0
    }
}

impl LimitOptions {
    fn say(&self, words: &mut Words) {
        words.shown("--cpu", self.cpu.map(|milli| format!("{milli}m")));
        words.shown(
            "--cpu-period",
            self.cpu_period.map(|usec| format!("{usec}us")),
        );
        words.shown("--memory", self.memory);
        words.shown("--fuel", self.fuel);
        let timeout = self
            .timeout
            .map(|timeout| format!("{}ns", timeout.as_nanos()));
        words.shown("--timeout", timeout);
        words.shown("--max-output", self.max_output);
        words.shown("--max-open-files", self.max_open_files);
        words.shown("--max-requests", self.max_requests);
        words.shown("--max-response", self.max_response);
        words.shown("--max-random", self.max_random);
        words.shown("--max-disk", self.max_disk);
        words.shown("--max-files", self.max_files);
        words.shown("--max-depth", self.max_depth);
        words.shown("--max-host-calls", self.max_host_calls);
    }
}

impl CgroupOptions {
    fn say(&self, words: &mut Words) {
        match &self.cgroup {
            None => {}
            Some(None) => words.add("--cgroup", "none"),
            Some(Some(CgroupName::Auto)) => words.add("--cgroup", "auto"),
            Some(Some(CgroupName::Process(pid))) => words.add("--cgroup", format!("pid:{pid}")),
            Some(Some(CgroupName::Folder(folder))) => words.add("--cgroup", folder),
        }
        if let Some(root) = &self.cgroup_root {
            words.add("--cgroup-root", root);
        }
    }
}

impl GrantOptions {
    fn say(&self, words: &mut Words) {
        for dir in &self.dirs {
            words.add("--dir", folder(dir));
        }
        for (option, pairs) in [("--env", &self.env), ("--config", &self.config)] {
            for (name, value) in pairs {
                words.add(option, format!("{name}={value}"));
            }
        }
        for grant in &self.hosts {
            words.add("--allow-host", host(grant));
        }
        for network in &self.networks {
            words.add("--allow-network", network.to_string());
        }
        if let Some(file) = &self.ca_file {
            words.add("--ca-file", file);
        }
        if self.allow_signal {
            words.0.push("--allow-signal".into());
        }
        words.shown("--container-pid", self.container_pid);
    }
}

fn folder(dir: &DirGrant) -> OsString {
    let mut word = dir.host.clone().into_os_string();
    word.push("::");
    word.push(&dir.guest);
    if dir.access == Access::ReadOnly {
        word.push(":ro");
    }
    word
}

fn host(grant: &HostGrant) -> String {
    let scheme = grant.scheme.map(|scheme| format!("{}://", scheme.as_str()));
    let host = match grant.host.contains(':') {
        true => format!("[{}]", grant.host),
        false => grant.host.clone(),
    };
    let port = grant.port.map(|port| format!(":{port}"));
    [scheme, Some(host), port].into_iter().flatten().collect()
}
