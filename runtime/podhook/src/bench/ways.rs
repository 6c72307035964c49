//! Every way to run something at a hook's moment, as far as this machine has it.

use super::container::Container;
use super::figures::Skipped;
use super::in_process::{Bare, Cold, Compiled, Warm};
use super::machine::Machine;
use super::process::{Process, in_path};
use super::served::Served;
use super::subject::Subject;
use super::way::{ALL, Way};
use crate::adapter_file;
use podhook_runner::CommandError;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A way, and what it is called.
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) way: Box<dyn Way>,
}

/// What is to be measured.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// These alone; empty: all.
    pub(crate) only: Vec<String>,
    /// What the hook does, as a command.
    pub(crate) native: Option<Vec<String>>,
    /// Where podhook-exec is.
    pub(crate) adapter: Option<PathBuf>,
}

impl Wanted {
    pub(super) fn has(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| it == name)
    }
}

type Made = Result<Box<dyn Way>, String>;

/// Makes them ready; what cannot be is said.
pub(super) fn ready(
    subject: &Subject,
    wanted: &Wanted,
    workshop: &Path,
    machine: &mut Machine,
) -> (Vec<Named>, Vec<Skipped>) {
    let (mut ways, mut skipped) = (Vec::new(), Vec::new());
    for (name, what) in ALL.into_iter().filter(|(name, _)| wanted.has(name)) {
        match make(name, subject, wanted, workshop, machine) {
            Ok(way) => ways.push(Named { name, what, way }),
            Err(why) => skipped.push(Skipped::new(name, why)),
        }
    }
    (ways, skipped)
}

fn make(
    name: &str,
    subject: &Subject,
    wanted: &Wanted,
    workshop: &Path,
    machine: &mut Machine,
) -> Made {
    let said = |why: CommandError| {
        let text = why.to_string();
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches("error: ").to_owned()
    };
    match name {
        "in-process" => Ok(Box::new(Warm::new(subject)?)),
        "bare" => Ok(Box::new(Bare::new(subject)?)),
        "cold" => Ok(Box::new(Cold::new(subject, workshop)?)),
        "compile" => Ok(Box::new(Compiled::new(subject)?)),
        "exec" => exec(subject, wanted, workshop).map_err(said),
        "isolated" => isolated(subject, workshop),
        "serve" => Ok(Box::new(Served::start(subject, workshop)?)),
        "true" => Ok(Box::new(Process::new(found("true")?, &[]))),
        "native" => native(wanted),
        "wasmtime" => wasmtime(subject, workshop, machine),
        "sh" => Ok(Box::new(Process::new(found("sh")?, &["-c", "true"]))),
        "bash" => {
            let bash = found("bash")?;
            machine.knows("bash", &bash);
            Ok(Box::new(Process::new(bash, &["-c", "true"])))
        }
        tool => {
            let program = found(tool)?;
            machine.knows(tool, &program);
            let container = Container::start(&program, &workshop.join(tool))?;
            Ok(Box::new(container))
        }
    }
}

fn found(name: &str) -> Result<PathBuf, String> {
    in_path(name).ok_or_else(|| format!("there is no {name} in PATH"))
}

fn native(wanted: &Wanted) -> Made {
    let words = wanted
        .native
        .as_deref()
        .ok_or("no --native CMD was given")?;
    let (program, words) = words.split_first().ok_or("--native is empty")?;
    let program = match program.contains('/') {
        true => PathBuf::from(program),
        false => found(program)?,
    };
    let words = words.iter().map(OsString::from).collect();
    Ok(Box::new(Process::with(program, words)))
}

fn exec(subject: &Subject, wanted: &Wanted, workshop: &Path) -> Result<Box<dyn Way>, CommandError> {
    let bytes = adapter_file::read(wanted.adapter.as_deref())?;
    let (adapter, hook) = (workshop.join("podhook-exec"), workshop.join("hook.cwasm"));
    let written = fs::write(&adapter, bytes)
        .and_then(|()| fs::set_permissions(&adapter, fs::Permissions::from_mode(0o755)));
    let compiled = subject.compiled()?;
    let written = written.and_then(|()| fs::write(&hook, compiled));
    written.map_err(|why| CommandError::cannot_create("podhook-exec", why))?;
    let mut options = subject.options.clone();
    let args = std::mem::take(&mut options.args);
    let mut words = options.words();
    words.push(hook.into_os_string());
    words.push("--".into());
    words.extend(args.into_iter().map(OsString::from));
    Ok(Box::new(Process::with(adapter, words)))
}

fn isolated(subject: &Subject, workshop: &Path) -> Made {
    let hook = workshop.join("isolated.wasm");
    fs::write(&hook, subject.module.bytes()).map_err(|why| why.to_string())?;
    let mut options = subject.options.clone();
    let args = std::mem::take(&mut options.args);
    let mut words = ["run", "--isolation", "process"]
        .map(OsString::from)
        .to_vec();
    words.extend(options.words());
    words.push(hook.into_os_string());
    words.push("--".into());
    words.extend(args.into_iter().map(OsString::from));
    Ok(Box::new(Process::podhook(words, workshop.join("cache"))))
}

fn wasmtime(subject: &Subject, workshop: &Path, machine: &mut Machine) -> Made {
    let program = found("wasmtime")?;
    if subject.module.kind() != podhook_lifecycle::ModuleKind::Command {
        return Err("it runs commands alone".to_owned());
    }
    machine.knows("wasmtime", &program);
    let hook = workshop.join("hook.wasm");
    fs::write(&hook, subject.module.bytes()).map_err(|why| why.to_string())?;
    let words = vec!["run".into(), hook.into_os_string()];
    Ok(Box::new(Process::with(program, words)))
}
