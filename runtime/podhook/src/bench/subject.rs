//! The hook that is measured, and how it is called.

use crate::hook_source::HookSource;
use crate::precompile::{Cpu, precompile};
use podhook_lifecycle::{Budget, Hook, Invocation, ModuleKind, Outcome, Report};
use podhook_runner::hook_account::{self, Inside};
use podhook_runner::options::HookOptions;
use podhook_runner::{CommandError, Runner};
use podhook_sandbox::{Module, Wiring};
use std::path::PathBuf;
use std::sync::Arc;

use super::small_hooks;

/// A module, and the options it is called with.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(super) module: Module,
    pub(super) options: HookOptions,
    call: Invocation,
}

impl Subject {
    /// `options.hook`: a file or a folder; empty: a `lifecycle` hook that does nothing.
    ///
    /// # Errors
    /// As `podhook run`.
    pub(crate) fn open(options: HookOptions) -> Result<Self, CommandError> {
        let (name, bytes) = if options.hook.as_os_str().is_empty() {
            let bytes = small_hooks::noop();
            let bytes = bytes.map_err(|why| CommandError::host_fault("podhook bench", why))?;
            ("no-op".to_owned(), bytes)
        } else {
            let source = HookSource::open(&options.hook)?;
            (source.name, source.bytes)
        };
        let module = Module::new(bytes).map_err(|why| CommandError::data(&name, why))?;
        let mut call = options.invocation(&Budget::default());
        options.check_fits(&call, module.kind(), module.hooks(), &name)?;
        call.grants = options.clone().granted()?;
        if module.kind() == ModuleKind::Command {
            call.args.insert(0, name.clone());
        }
        Ok(Self {
            name,
            module,
            options,
            call,
        })
    }

    /// A call like any other: with an identifier of its own.
    pub(super) fn call(&self) -> Arc<Invocation> {
        let mut call = self.call.clone();
        call.id = Runner::new_id();
        Arc::new(call)
    }

    /// The account of one container, which all its hooks are charged to.
    pub(super) fn wiring(&self) -> Wiring {
        let inside = Inside {
            is_throttled: false,
            reserve: 0,
        };
        let limits = &self.options.limits;
        Wiring::new(hook_account::meter(limits, None, &self.call.budget, inside))
    }

    pub(super) fn phase(&self) -> Option<Hook> {
        self.call.hook.or(self.module.hooks().first().copied())
    }

    /// For podhook-exec.
    pub(super) fn compiled(&self) -> Result<Vec<u8>, CommandError> {
        let counts_fuel = self.options.limits.fuel.is_some();
        precompile(&self.module, &self.name, Cpu::Baseline, counts_fuel)
    }
}

/// A hook that fails is no hook to be measured: its way ends with why.
pub(super) fn check(report: &Report) -> Result<(), String> {
    if report.outcome == Outcome::Succeeded {
        return Ok(());
    }
    let why = report.message.as_deref().unwrap_or_default();
    let outcome = report.outcome.as_str();
    Err(format!("the hook ended as {outcome}: {why}"))
}

/// Folders and files that the ways need, gone at the end.
pub(super) fn workshop() -> Result<(tempfile::TempDir, PathBuf), CommandError> {
    let folder = tempfile::Builder::new().prefix("podhook-bench-").tempdir();
    let folder = folder.map_err(|why| CommandError::host_fault("podhook bench", why))?;
    let path = folder.path().to_owned();
    Ok((folder, path))
}
