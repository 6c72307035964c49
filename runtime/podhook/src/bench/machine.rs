//! What figures were measured on.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Figures without it say nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) processors: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) kernel: String,
    /// Whether the processor says that it is a virtual machine's.
    pub(crate) is_virtual: bool,
    /// Over the last minute, before the first measurement.
    pub(crate) load: f64,
    /// Of what was measured, by name.
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) measured_at: String,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().and_then(|load| load.parse().ok());
        let now = std::time::SystemTime::now();
        Self {
            cpu: field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            processors: crate::config::processors(),
            memory_bytes: crate::config::node_memory(),
            kernel: rustix::system::uname().release().to_string_lossy().into(),
            is_virtual: field("flags").is_some_and(|flags| flags.contains(" hypervisor")),
            load: load.unwrap_or(0.0),
            versions: BTreeMap::from([(
                "podhook".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            )]),
            measured_at: humantime::format_rfc3339_seconds(now).to_string(),
        }
    }

    /// Asks a program for its version.
    pub(super) fn knows(&mut self, name: &str, program: &PathBuf) {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null());
        let Ok(said) = command.stderr(Stdio::null()).output() else {
            return;
        };
        let text = String::from_utf8_lossy(&said.stdout);
        if let Some(line) = text.lines().next().filter(|_| said.status.success()) {
            self.versions
                .insert(name.to_owned(), line.trim().to_owned());
        }
    }
}
