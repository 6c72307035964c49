//! The hooks of the folder: read once, compiled before they are called.
//!
//! Compiling blocks a thread for long, so one of its own does it; whoever calls a hook
//! that is not compiled yet waits for it, and nobody else.

use super::call::Shared;
use super::metrics::{Metrics, OfPhase};
use super::settings::Configured;
use crate::hook_source::HookSource;
use podhook_ledger::AccountLimits;
use podhook_lifecycle::{Budget, Digest, Hook, Invocation, ModuleKind, State};
use podhook_runner::options::{self, HookOptions};
use podhook_runner::{CommandError, Runner, downward};
use podhook_sandbox::{InvalidModule, Module, Profile, module};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::watch;

/// A file of the folder, and what is said of it.
pub(super) struct HookFile {
    pub(super) name: String,
    pub(super) module: Result<Module, (Digest, InvalidModule)>,
    /// All of a call but who it is for.
    pub(super) asked: Invocation,
    pub(super) own: AccountLimits,
    pub(super) state: Arc<dyn State>,
    state_dir: Option<PathBuf>,
    /// Once it is compiled, or cannot be.
    pub(super) ready: watch::Receiver<bool>,
    /// By phase; the last is without any.
    counted: [OnceLock<OfPhase>; 3],
}

impl HookFile {
    /// Whether it takes requests.
    pub(super) fn is_http(&self) -> bool {
        let kind = self.module.as_ref().map(Module::kind);
        matches!(kind, Ok(ModuleKind::Http) | Err(_))
    }

    /// What is counted of it in this phase.
    pub(super) fn counted(&self, phase: Option<Hook>, metrics: &Metrics) -> &OfPhase {
        let [post_start, pre_stop, none] = &self.counted;
        let cell = match phase {
            Some(Hook::PostStart) => post_start,
            Some(Hook::PreStop) => pre_stop,
            None => none,
        };
        cell.get_or_init(|| metrics.of(&self.name, phase))
    }
}

/// By name.
#[derive(Default)]
pub(super) struct Hooks {
    known: Mutex<HashMap<String, Arc<HookFile>>>,
    /// One at a time: two that read the same file would each make a state for it.
    reading: Mutex<()>,
}

/// A file's ending.
const ENDING: &str = "wasm";

impl Hooks {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<HookFile>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hook of this name, if it is known.
    pub(super) fn get(&self, name: &str) -> Option<Arc<HookFile>> {
        self.known().get(name).cloned()
    }

    /// Whether all that are known are compiled.
    pub(super) fn are_ready(&self) -> bool {
        self.known().values().all(|hook| *hook.ready.borrow())
    }

    /// Reads all files of the folder again. What cannot be read is said, and is as it was.
    pub(super) fn load(&self, shared: &Arc<Shared>) {
        let folder = &shared.settings.hooks;
        let files = match std::fs::read_dir(folder) {
            Ok(files) => files,
            Err(why) => {
                let folder = folder.display();
                return shared.log.warn(
                    "the folder of hooks cannot be read",
                    &[("folder", &folder), ("why", &why)],
                );
            }
        };
        let configured = shared.configured();
        let paths = files.filter_map(Result::ok).map(|file| file.path());
        let mut names: Vec<String> = paths
            .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| super::route::is_name(name))
            .collect();
        names.sort();
        for missing in configured
            .names()
            .filter(|name| !names.iter().any(|one| one == name))
        {
            shared.log.warn(
                "a hook is configured, but not in the folder",
                &[("hook", &missing)],
            );
        }
        let _one = self.reading.lock();
        for name in &names {
            if let Err(error) = self.read(name, &configured, shared) {
                shared
                    .log
                    .warn("a hook cannot be read", &[("hook", name), ("why", &error)]);
            }
        }
        self.known().retain(|name, _| names.contains(name));
        shared.log.say("hooks", &[("count", &names.len())]);
    }

    /// A hook that came since the folder was read.
    pub(super) fn find(
        &self,
        name: &str,
        shared: &Arc<Shared>,
    ) -> Result<Arc<HookFile>, CommandError> {
        let _one = self.reading.lock();
        match self.get(name) {
            Some(known) => Ok(known),
            None => self.read(name, &shared.configured(), shared),
        }
    }

    /// Reads one file; nobody else may be reading.
    fn read(
        &self,
        name: &str,
        configured: &Configured,
        shared: &Arc<Shared>,
    ) -> Result<Arc<HookFile>, CommandError> {
        let file = shared.settings.hooks.join(format!("{name}.{ENDING}"));
        let source = HookSource::read(&file)?;
        let digest = module::digest(&source.bytes);
        let module = Module::new(source.bytes).map_err(|why| (digest, why));
        let options = configured.options(name, &shared.settings.limits);
        let before = self.get(name);
        let (done, ready) = watch::channel(false);
        let hook = Arc::new(HookFile {
            name: name.to_owned(),
            asked: asked(name, &options, &module, configured, shared)?,
            own: AccountLimits {
                memory_max: options.limits.budget(&Budget::default()).memory,
                ..options.limits.own()
            },
            state: match before.filter(|before| before.state_dir == options.state_dir) {
                // What postStart kept, preStop finds, also after a reload.
                Some(before) => before.state.clone(),
                None => options::state(options.state_dir.as_deref())?,
            },
            state_dir: options.state_dir,
            module,
            ready,
            counted: Default::default(),
        });
        match &hook.module {
            Ok(_) => prepare(hook.clone(), done, shared),
            Err((_, why)) => {
                done.send_replace(true);
                shared
                    .log
                    .warn("not a hook", &[("hook", &name), ("why", why)]);
            }
        }
        self.known().insert(name.to_owned(), hook.clone());
        Ok(hook)
    }
}

fn asked(
    name: &str,
    options: &HookOptions,
    module: &Result<Module, (Digest, InvalidModule)>,
    configured: &Configured,
    shared: &Shared,
) -> Result<Invocation, CommandError> {
    let mut asked = options.invocation(&Budget::default());
    asked.grants = options.clone().granted()?;
    if module
        .as_ref()
        .is_ok_and(|module| module.kind() == ModuleKind::Command)
    {
        asked.args.insert(0, name.to_owned());
    }
    downward::fill_in(&mut asked, configured.podinfo.as_deref(), |name| {
        (shared.environment)(name)
    });
    Ok(asked)
}

/// Compiles a hook on a thread of its own.
fn prepare(hook: Arc<HookFile>, done: watch::Sender<bool>, shared: &Arc<Shared>) {
    let work = shared.clone();
    let compile = move || {
        if let Ok(module) = &hook.module {
            match Runner::new(Profile::pooled(1), work.codes.clone()) {
                Ok(runner) => runner.prepare(module, &hook.asked),
                Err(why) => work.log.warn(
                    "a hook was not compiled ahead",
                    &[("hook", &hook.name), ("why", &why)],
                ),
            }
        }
        done.send_replace(true);
    };
    if let Err(why) = shared
        .compiler
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Box::new(compile))
    {
        // The thread is gone with the server.
        (why.0)();
    }
}
