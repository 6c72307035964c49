//! The `exec` handler: which module a command names, if it names one.
//!
//! `drain.wasm` and `/bin/drain` are looked up in the folder of hooks; the words after
//! `podhook-exec` are that command's own. Found before the pod starts, so that nothing
//! runs where something is missing. How a module is run is `module_run`, how a local
//! command is run is `local`'s.

use crate::handlers::in_container::Place;
use crate::hook_source::HookSource;
use crate::local;
use podhook_ledger::{AccountLimits, CgroupName};
use podhook_lifecycle::spec::ContainerSpec;
use podhook_lifecycle::spec::expansion::environment;
use podhook_lifecycle::{Budget, Invocation, Limits, ModuleInfo, ModuleKind, SignalGrant};
use podhook_runner::CommandError;
use podhook_runner::Runner;
use podhook_runner::options::{AdapterOptions, CgroupOptions, HookIs, Misspelt};
use podhook_sandbox::Module;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// The adapter's name in a pod, under whatever folder.
const ADAPTER: &str = "podhook-exec";

/// Where commands are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    /// The folder of hooks.
    pub(crate) hooks: &'a Path,
    /// Commands that name no module are run as they are, the adapter among them.
    pub(crate) native: bool,
}

/// A module that an exec handler names, and the call that its command asks for.
pub(crate) struct HookModule {
    /// As the pod has it.
    pub(crate) source: String,
    pub(crate) module: Module,
    /// Args, budget, grants and request; for whom it is has yet to be filled in.
    pub(crate) asked: Invocation,
    /// `--state-dir`, in the container.
    pub(crate) state_dir: Option<PathBuf>,
    /// Its own limits, below its container's.
    pub(crate) own: AccountLimits,
}

/// A container, and what its cgroup would be limited to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limited<'a> {
    pub(crate) spec: &'a ContainerSpec,
    pub(crate) limits: Limits,
}

impl Lookup<'_> {
    /// The module that `command` names; none where it names no module. `what`: the
    /// field, for errors.
    pub(crate) fn module(
        &self,
        command: &[String],
        container: Limited<'_>,
        what: &str,
    ) -> Result<Option<HookModule>, CommandError> {
        let Some((program, args)) = command.split_first() else {
            return Ok(None);
        };
        if is_adapter(program) {
            return match self.native && is_there(program, container.spec) {
                true => Ok(None),
                false => self.by_adapter(command, container, what).map(Some),
            };
        }
        let Some(file) = self.file(program) else {
            return Ok(None);
        };
        let mut asked = Invocation::new(Runner::new_id());
        asked.budget = budget(&container.limits);
        asked.args = args.to_vec();
        asked.grants.env = environment(&container.spec.env);
        let module = read(&file, what)?;
        Ok(Some(HookModule::new(program, module, asked)))
    }

    fn by_adapter(
        &self,
        command: &[String],
        container: Limited<'_>,
        what: &str,
    ) -> Result<HookModule, CommandError> {
        let hook = adapter_options(command, what)?.hook;
        let name = hook.hook.display().to_string();
        // A container has the compiled hook; podhook compiles what it was made of.
        let source = name
            .strip_suffix(".cwasm")
            .map_or_else(|| name.clone(), |stem| format!("{stem}.wasm"));
        let file = self.file(&source).ok_or_else(|| {
            let hooks = self.hooks.display();
            CommandError::no_input(what, format!("no hook module {name} in {hooks}"))
        })?;
        let module = read(&file, what)?;
        let mut asked = hook.invocation(&budget(&container.limits));
        let state_dir = hook.state_dir.clone();
        let own = hook.limits.own();
        // Its phase is known by the handler, where the options are silent.
        let phase = asked.hook;
        asked.hook = phase.or(module.hooks().first().copied());
        hook.check_fits(&asked, module.kind(), module.hooks(), &name)?;
        check_cgroup(&hook.cgroup, what)?;
        asked.hook = phase;
        asked.grants = hook.granted()?;
        asked.grants.signal = in_container(asked.grants.signal, what)?;
        Ok(HookModule {
            state_dir,
            own,
            ..HookModule::new(&name, module, asked)
        })
    }

    /// The file of a hook: never one outside of the folder.
    fn file(&self, name: &str) -> Option<PathBuf> {
        let below = name.trim_start_matches('/');
        let stays = Path::new(below)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if below.is_empty() || !stays {
            return None;
        }
        if below.ends_with(".wasm") {
            return Some(self.hooks.join(below));
        }
        let file = self.hooks.join(format!("{below}.wasm"));
        file.is_file().then_some(file)
    }
}

impl HookModule {
    /// Without options of its own.
    fn new(name: &str, module: Module, mut asked: Invocation) -> Self {
        if module.kind() == ModuleKind::Command {
            asked.args.insert(0, name.to_owned());
        }
        Self {
            source: name.to_owned(),
            module,
            asked,
            state_dir: None,
            own: AccountLimits::default(),
        }
    }

    /// What a report says of it that has not run.
    pub(crate) fn info(&self) -> ModuleInfo {
        ModuleInfo {
            source: self.source.clone(),
            digest: self.module.digest(),
            kind: Some(self.module.kind()),
        }
    }

    /// The call for `whom`, with the container's folders where the pod means them.
    pub(crate) fn call(&self, whom: Invocation, place: &Place) -> Result<Invocation, String> {
        let mut call = Invocation {
            hook: self.asked.hook.or(whom.hook),
            args: self.asked.args.clone(),
            budget: self.asked.budget,
            grants: self.asked.grants.clone(),
            request: self.asked.request.clone(),
            ..whom
        };
        for dir in &mut call.grants.dirs {
            dir.host = place.path(&dir.host).map_err(|why| {
                let shown = dir.host.display();
                format!("--dir: {shown} in the container: {why}")
            })?;
        }
        call.grants.signal = call.grants.signal.to_process(place.main());
        Ok(call)
    }
}

/// Whether this machine has the program itself, which then is run instead.
fn is_there(program: &str, container: &ContainerSpec) -> bool {
    if program.contains('/') {
        return Path::new(program).exists();
    }
    let env = environment(&container.env);
    let path = env.iter().rev().find(|(name, _)| name == "PATH");
    let path = path.map_or(local::PATH, |(_, path)| path);
    path.split(':')
        .any(|folder| Path::new(folder).join(program).exists())
}

/// A number is the container's own, in which the main process is 1.
fn in_container(signal: SignalGrant, what: &str) -> Result<SignalGrant, CommandError> {
    match signal {
        SignalGrant::Denied | SignalGrant::Unknown => Ok(signal),
        SignalGrant::Process(1) => Ok(SignalGrant::Unknown),
        SignalGrant::Process(_) => Err(CommandError::config(
            what,
            "--container-pid: only 1 is known, the container's main process",
        )),
    }
}

/// The container's cgroup is its account here; none other is known.
fn check_cgroup(cgroup: &CgroupOptions, what: &str) -> Result<(), CommandError> {
    match cgroup.cgroup {
        None | Some(None | Some(CgroupName::Auto)) => Ok(()),
        Some(Some(_)) => Err(CommandError::config(
            what,
            "--cgroup: only the container's own is known (auto)",
        )),
    }
}

fn is_adapter(program: &str) -> bool {
    Path::new(program)
        .file_name()
        .is_some_and(|name| name == ADAPTER)
}

/// The kubelet sets no deadline, and a container without a limit has none.
fn budget(container: &Limits) -> Budget {
    Budget {
        timeout: None,
        cpu: container.cpu,
        memory: container.memory_max,
        ..Budget::default()
    }
}

/// What stands after the adapter's name.
fn adapter_options(command: &[String], what: &str) -> Result<AdapterOptions, CommandError> {
    let mut options = AdapterOptions::default();
    let words = command.iter().skip(1).map(OsString::from);
    let misspelt = |why: &Misspelt| {
        CommandError::config(what, why)
            .hint("[podhook-exec, OPTIONS…, HOOK, --, ARG…], with the OPTIONS of podhook run")
    };
    let read = options.read(words, HookIs::Named);
    read.map_err(|why| misspelt(&why))?;
    match options.hook.hook.as_os_str().is_empty() {
        true => Err(CommandError::config(what, "no HOOK after podhook-exec")),
        false => Ok(options),
    }
}

fn read(file: &Path, what: &str) -> Result<Module, CommandError> {
    let source = HookSource::read(file).map_err(|error| {
        error
            .at(what)
            .hint("--hooks DIR says where hook modules are")
    })?;
    Module::new(source.bytes)
        .map_err(|why| CommandError::data(what, format!("{}: {why}", source.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_found_under_its_folder_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(folder.path().join("bin/drain.wasm"), b"").unwrap();
        let lookup = Lookup {
            hooks: folder.path(),
            native: false,
        };
        let found = |name: &str| {
            let file = lookup.file(name)?;
            Some(file.strip_prefix(folder.path()).unwrap().to_owned())
        };
        assert_eq!(found("/bin/drain"), Some("bin/drain.wasm".into()));
        assert_eq!(found("bin/drain"), Some("bin/drain.wasm".into()));
        assert_eq!(found("/bin/drain.wasm"), Some("bin/drain.wasm".into()));
        assert_eq!(found("nope.wasm"), Some("nope.wasm".into()));
        for name in ["/bin/sh", "", "/", "../x.wasm", "/bin/../../x.wasm"] {
            assert_eq!(found(name), None, "{name}");
        }
    }

    #[test]
    fn the_adapter_is_known_in_any_folder() {
        assert!(is_adapter("podhook-exec") && is_adapter("/podhook/podhook-exec"));
        assert!(!is_adapter("podhook-exec.wasm") && !is_adapter(""));
    }
}
