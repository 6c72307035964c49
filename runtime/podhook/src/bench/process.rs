//! A way that is a process: started, and waited for.

use super::peak::peak;
use super::samples::Samples;
use super::way::Way;
use crate::config::variable;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4;

/// A program and its words. Standard streams are `/dev/null`; nothing of the environment but
/// PATH and HOME.
pub(super) struct Process {
    program: PathBuf,
    words: Vec<OsString>,
    /// `PODHOOK_CACHE`.
    cache: Option<PathBuf>,
    /// Whether its peak was looked at.
    is_known: bool,
}

impl Process {
    pub(super) fn new(program: impl Into<PathBuf>, words: &[&str]) -> Self {
        let words = words.iter().map(OsString::from).collect();
        Self::with(program, words)
    }

    pub(super) fn with(program: impl Into<PathBuf>, words: Vec<OsString>) -> Self {
        let program = program.into();
        Self {
            program,
            words,
            cache: None,
            is_known: false,
        }
    }

    /// podhook once more, which keeps compiled code there.
    pub(super) fn podhook(words: Vec<OsString>, cache: PathBuf) -> Self {
        Self {
            cache: Some(cache),
            ..Self::with("/proc/self/exe", words)
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.words).env_clear();
        for name in ["PATH", "HOME"] {
            command.envs(variable(name).map(|value| (name, value)));
        }
        command.envs(self.cache.as_ref().map(|cache| ("PODHOOK_CACHE", cache)));
        command
    }
}

impl Way for Process {
    /// From just before it is made until it was waited for.
    fn run(&mut self, samples: &mut Samples) -> Result<(), String> {
        let mut command = self.command();
        if !self.is_known {
            samples.peak(peak(&command).unwrap_or(0));
            self.is_known = true;
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        let shown = self.program.display();
        let began = Instant::now();
        let child = command.spawn().map_err(|why| format!("{shown}: {why}"))?;
        let ended = child.wait4().map_err(|why| format!("{shown}: {why}"))?;
        let took = began.elapsed();
        if !ended.status.success() {
            return Err(format!("{shown} ended with {}", ended.status));
        }
        samples.wall(took);
        samples.cpu(ended.rusage.utime + ended.rusage.stime);
        Ok(())
    }
}

/// A program of this name in PATH.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Where runtimes of containers are, which an ordinary user's PATH leaves out.
    folders.extend(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let files = folders.into_iter().map(|folder| folder.join(name));
    files.into_iter().find(|file| file.is_file())
}
