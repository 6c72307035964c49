//! What `podhook run` and `podhook-exec` are told of one hook: which, with what, within
//! what. One grammar, so that a pod's `podhook-exec` says what `run` says.

use crate::error::CliError;
use crate::hook_account::CgroupOptions;
use crate::options::{GrantOptions, LimitOptions};
use clap::Args;
use podhook_lifecycle::{
    Budget, Grants, Hook, HttpRequest, Invocation, MemoryState, ModuleKind, State,
};
use podhook_runner::{Runner, StateDir, grammar};
use podhook_sandbox::Module;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A hook and its options.
#[derive(Debug, Args)]
pub(crate) struct HookOptions {
    /// A .wasm file, or the folder of a crate that is built first
    #[arg(value_name = "HOOK")]
    pub(crate) hook: PathBuf,

    /// Words the hook is called with
    #[arg(value_name = "ARG", last = true)]
    args: Vec<String>,

    /// Which hook of a lifecycle module: post-start or pre-stop; needed where it has both
    #[arg(long, value_name = "PHASE")]
    phase: Option<Hook>,

    /// The path that a module of kind http is asked for
    #[arg(long, value_name = "PATH", value_parser = grammar::request_path)]
    http_get: Option<String>,

    /// A header field of that request
    #[arg(long = "header", value_name = "K: V", value_parser = grammar::header)]
    headers: Vec<(String, String)>,

    /// Where the `state` interface keeps its values; in memory by default
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) limits: LimitOptions,

    #[command(flatten)]
    pub(crate) cgroup: CgroupOptions,

    #[command(flatten)]
    grants: GrantOptions,
}

impl HookOptions {
    /// The call; `default`: what the place of the call gives a hook.
    pub(crate) fn invocation(&self, default: &Budget) -> Invocation {
        let mut call = Invocation::new(Runner::new_id());
        call.hook = self.phase;
        call.args.clone_from(&self.args);
        call.budget = self.limits.budget(default);
        if let Some(path) = &self.http_get {
            call.request.path.clone_from(path);
        }
        call.request.headers.clone_from(&self.headers);
        call
    }

    /// What the call is granted.
    pub(crate) fn grants(self) -> Result<Grants, CliError> {
        self.grants.grants()
    }

    /// Options that the module has no use for, or too few of them.
    pub(crate) fn check_fits(
        &self,
        call: &Invocation,
        module: &Module,
        name: &str,
    ) -> Result<(), CliError> {
        let has_fields = call.request.headers != HttpRequest::default().headers;
        if (self.http_get.is_some() || has_fields) && module.kind() != ModuleKind::Http {
            let kind = module.kind().as_str();
            return Err(CliError::usage(
                "--http-get, --header",
                format!("{name} is of kind {kind}, which is given no request"),
            ));
        }
        if call.hook.is_none() && module.hooks().len() > 1 {
            return Err(CliError::usage(
                name,
                "the module has hooks for both phases; name one with --phase post-start or --phase pre-stop",
            ));
        }
        Ok(())
    }
}

/// The store of `--state-dir`, or one in memory.
pub(crate) fn state(folder: Option<&Path>) -> Result<Arc<dyn State>, CliError> {
    match folder {
        None => Ok(Arc::new(MemoryState::default())),
        Some(folder) => match StateDir::open(folder) {
            Ok(state) => Ok(Arc::new(state)),
            Err(error) => Err(CliError::cannot_create(folder.display().to_string(), error)),
        },
    }
}
