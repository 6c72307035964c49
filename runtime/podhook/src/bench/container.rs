//! A small container of runc's or crun's, in which a program that does nothing is executed:
//! what a runtime does for an exec hook, without the kubelet and the CRI above it.

use super::process::Process;
use super::samples::Samples;
use super::way::Way;
use crate::local::hide;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Made here, and removed at the end.
pub(super) struct Container {
    tool: PathBuf,
    name: String,
    exec: Process,
    /// See [`UNIFIED`].
    hides: bool,
}

/// Folders of the machine that it sees, read-only, so that there is something to execute.
const SEEN: [&str; 5] = ["bin", "sbin", "lib", "lib64", "usr"];

impl Container {
    /// `folder`: its own, not there yet.
    pub(super) fn start(tool: &Path, folder: &Path) -> Result<Self, String> {
        let kind = tool.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("podhook-bench-{kind}-{}", std::process::id());
        let binds = make_root(&folder.join("rootfs")).map_err(|why| why.to_string())?;
        configure(tool, folder, &name, binds)?;
        // There before it runs: what is half made is removed, too.
        let mut made = Self {
            exec: Process::new(tool, &["exec", &name, "/bin/true"]),
            tool: tool.to_owned(),
            name,
            hides: false,
        };
        let mut failed = made.try_start(folder)?;
        if failed
            .as_ref()
            .is_some_and(|why| why.contains("hybrid mode"))
        {
            made.hides = true;
            failed = made.try_start(folder)?;
        }
        match failed {
            None => Ok(made),
            Some(why) => Err(format!("no container can be made here: {why}")),
        }
    }

    /// Why it could not be, where it could not.
    fn try_start(&self, folder: &Path) -> Result<Option<String>, String> {
        // Its processes keep what they are given: no pipe.
        let log = folder.join("log");
        let file = fs::File::create(&log).map_err(|why| why.to_string())?;
        let mut run = Command::new(&self.tool);
        run.args(["run", "--detach", "--bundle"]);
        run.arg(folder).arg(&self.name).stdin(Stdio::null());
        run.stdout(Stdio::null()).stderr(file);
        let status = in_sight(self.hides, || run.status().map_err(|why| why.to_string()))?;
        if status.success() {
            return Ok(None);
        }
        let said = fs::read_to_string(log).unwrap_or_default();
        let last = said.lines().last().unwrap_or("it does not say why");
        Ok(Some(last.to_owned()))
    }
}

/// Does something, and where it `hides` does so on a thread that does not see [`UNIFIED`].
fn in_sight<R: Send>(
    hides: bool,
    act: impl FnOnce() -> Result<R, String> + Send,
) -> Result<R, String> {
    if !hides {
        return act();
    }
    std::thread::scope(|scope| {
        let apart = scope.spawn(|| {
            hide(Path::new(UNIFIED)).map_err(|why| format!("{UNIFIED}: {why}"))?;
            act()
        });
        let lost = |_| Err("its thread panicked".to_owned());
        apart.join().unwrap_or_else(lost)
    })
}

/// Beside cgroups of the first generation. crun of Debian 12 refuses machines that have both:
/// not to see this one is all it takes.
const UNIFIED: &str = "/sys/fs/cgroup/unified";

/// An empty root with the machine's programs mounted into it; the mounts.
fn make_root(root: &Path) -> std::io::Result<Vec<Value>> {
    for folder in ["proc", "sys", "dev"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let mut binds = Vec::new();
    for name in SEEN {
        let there = Path::new("/").join(name);
        if let Ok(target) = fs::read_link(&there) {
            std::os::unix::fs::symlink(target, root.join(name))?;
        } else if there.is_dir() {
            fs::create_dir(root.join(name))?;
            binds.push(json!({
                "destination": there,
                "source": there,
                "type": "bind",
                "options": ["bind", "ro", "nosuid", "nodev"],
            }));
        }
    }
    Ok(binds)
}

fn configure(tool: &Path, folder: &Path, name: &str, binds: Vec<Value>) -> Result<(), String> {
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let spec = Command::new(tool).arg("spec").current_dir(folder).output();
    let spec = spec.map_err(|why| why.to_string())?;
    if !spec.status.success() {
        return Err(said(&spec));
    }
    let file = folder.join("config.json");
    let text = fs::read_to_string(&file).map_err(|why| why.to_string())?;
    let mut config: Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
    let mut set = |field: &str, name: &str, value: Value| {
        if let Some(Value::Object(fields)) = config.pointer_mut(field) {
            fields.insert(name.to_owned(), value);
        }
    };
    set("/process", "terminal", false.into());
    set("/process", "args", json!(["/bin/sleep", "infinity"]));
    set("/linux", "cgroupsPath", format!("/{name}").into());
    if let Some(Value::Array(mounts)) = config.get_mut("mounts") {
        mounts.extend(binds);
    }
    fs::write(file, config.to_string()).map_err(|why| why.to_string())
}

impl Way for Container {
    fn run(&mut self, samples: &mut Samples) -> Result<(), String> {
        in_sight(self.hides, || self.exec.run(samples))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut delete = Command::new(&self.tool);
        delete.args(["delete", "--force", &self.name]);
        delete.stdin(Stdio::null());
        let _ = in_sight(self.hides, || {
            delete.output().map_err(|why| why.to_string())
        });
    }
}
