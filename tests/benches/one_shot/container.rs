//! A container of runc in which a program that does nothing can be executed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct Container {
    runc: String,
    name: String,
}

const NAME: &str = "podhook-bench";

impl Container {
    /// Its first process and the one that is executed are the adapter, as `sleep` and as
    /// `true`: static, and quicker than any other.
    pub(crate) fn start(folder: &Path, adapter: &Path) -> Option<Self> {
        let Some(runc) = ["/usr/sbin/runc", "/usr/bin/runc"]
            .into_iter()
            .find(|file| Path::new(file).exists())
        else {
            println!("without runc exec: no runc (Debian: runc)");
            return None;
        };
        let root = folder.join("rootfs");
        for inside in ["proc", "sys", "dev"] {
            fs::create_dir_all(root.join(inside)).unwrap();
        }
        fs::copy(adapter, root.join("adapter")).unwrap();
        fs::copy(
            super::compile(folder, "sleep", podhook_test_guests::wat::SLEEP),
            root.join("sleep.cwasm"),
        )
        .unwrap();
        configure(runc, folder);
        let run = Command::new(runc)
            .args(["run", "--detach", "--bundle"])
            .arg(folder)
            .arg(NAME)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !run.unwrap().success() {
            println!("without runc exec: runc cannot make a container here");
            return None;
        }
        Some(Self {
            runc: runc.to_owned(),
            name: NAME.to_owned(),
        })
    }

    pub(crate) fn words(&self) -> [&str; 5] {
        [&self.runc, "exec", &self.name, "/adapter", "--version"]
    }
}

fn configure(runc: &str, folder: &Path) {
    let file: PathBuf = folder.join("config.json");
    let spec = Command::new(runc).arg("spec").current_dir(folder).status();
    assert!(spec.unwrap().success());
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    config["process"]["terminal"] = false.into();
    config["process"]["args"] = serde_json::json!(["/adapter", "/sleep.cwasm"]);
    fs::write(file, config.to_string()).unwrap();
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new(&self.runc)
            .args(["delete", "--force", &self.name])
            .output();
    }
}
