//! One case, played.

use super::case::{Case, Sheet};
use super::folders::Folders;
use super::network::{Seen, StandIn};
use crate::hook_source::HookSource;
use crate::interrupt::Interrupt;
use crate::local::Placeholder;
use podhook_lifecycle::{
    Budget, Invocation, MemoryState, ModuleKind, Report, SignalGrant, State, StateError,
};
use podhook_runner::hook_account::{self, Inside};
use podhook_runner::{CommandError, Runner};
use podhook_sandbox::{Cancel, EventLoop, Module, Wiring};
use rustix::process::Signal;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// What came of it.
pub(super) struct Played {
    pub(super) report: Report,
    pub(super) folders: Folders,
    pub(super) state: Arc<MemoryState>,
    pub(super) requests: Vec<Seen>,
    /// What the case has no answer to.
    pub(super) unanswered: Vec<String>,
    /// `running`, or the signal that ended the main process.
    pub(super) process: Option<String>,
}

/// A worker's parts.
pub(super) struct Stage<'s> {
    pub(super) runner: &'s Runner,
    pub(super) event_loop: &'s EventLoop,
    pub(super) source: &'s HookSource,
    pub(super) module: &'s Module,
    pub(super) interrupt: &'s Interrupt,
}

impl Stage<'_> {
    /// Plays a case.
    ///
    /// # Errors
    /// Where the case does not fit the hook, or the machine has no room for it.
    pub(super) fn play(&self, case: &Case) -> Result<Played, CommandError> {
        let name = &case.name;
        let fault = |why: &dyn Display| CommandError::host_fault(name, why);
        let folders = folders(case)?;
        let state = Arc::new(MemoryState::default());
        for (key, value) in &case.sheet.state {
            let set = state.set(key, value.as_bytes());
            set.map_err(|why: StateError| {
                CommandError::config(name, format!("state: {key}: {why}"))
            })?;
        }
        let mut process = match case.sheet.process {
            true => Some(Placeholder::start().map_err(|why| fault(&why))?),
            false => None,
        };
        let network = StandIn::new(&case.sheet.http);
        let call = Arc::new(self.call(case, &folders, process.as_ref())?);
        let inside = Inside {
            is_throttled: false,
            reserve: 0,
        };
        let cancel = Cancel::default();
        self.interrupt.cancels(&cancel);
        let wiring = Wiring {
            meter: hook_account::meter(&case.options.limits, None, &call.budget, inside),
            state: state.clone(),
            network: Some(Arc::new(network.clone())),
            tee: None,
            cancel: Some(cancel.clone()),
        };
        let running = self
            .runner
            .run(&self.source.name, self.module, &call, &wiring);
        let report = self.event_loop.block_on(running);
        self.interrupt.check()?;
        let (requests, unanswered) = network.seen();
        Ok(Played {
            report,
            folders,
            state,
            requests,
            unanswered,
            process: process
                .as_mut()
                .map(|process| end_of(process, case.sheet.expect.process.as_deref())),
        })
    }

    fn call(
        &self,
        case: &Case,
        folders: &Folders,
        process: Option<&Placeholder>,
    ) -> Result<Invocation, CommandError> {
        let options = &case.options;
        let mut call = options.invocation(&Budget::default());
        tell(&mut call, &case.sheet);
        call.grants = options.clone().granted()?;
        call.grants.dirs.clone_from(&folders.grants);
        if let (Some(process), SignalGrant::Unknown) = (process, call.grants.signal) {
            call.grants.signal = SignalGrant::Process(process.pid());
        }
        let (kind, phases) = (self.module.kind(), self.module.hooks());
        options.check_fits(&call, kind, phases, &case.name)?;
        if kind == ModuleKind::Command {
            call.args.insert(0, self.source.name.clone());
        }
        Ok(call)
    }
}

/// What the hook is told about itself.
fn tell(call: &mut Invocation, sheet: &Sheet) {
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    call.hook = sheet.phase.map(|phase| phase.0);
    call.attempt = sheet.attempt.map_or(1, std::num::NonZero::get);
    call.grace = sheet.grace.map(|grace| grace.0);
    let pod = &sheet.pod;
    call.pod = podhook_lifecycle::Pod {
        name: pod.name.clone().unwrap_or_else(|| "test".to_owned()),
        namespace: pod.namespace.clone(),
        uid: pod.uid.clone(),
        node: pod.node.clone(),
        ip: pod.ip.clone(),
        service_account: pod.service_account.clone(),
        labels: pairs(&pod.labels),
        annotations: pairs(&pod.annotations),
    };
    let container = &sheet.container;
    call.container = podhook_lifecycle::Container {
        name: container.name.clone(),
        image: container.image.clone(),
        id: container.id.clone(),
    };
    if let Some(path) = &sheet.request.path {
        call.request.path.clone_from(path);
    }
    call.request.headers = pairs(&sheet.request.headers);
}

fn folders(case: &Case) -> Result<Folders, CommandError> {
    let name = &case.name;
    let made = Folders::make(&case.folders());
    let folders = made.map_err(|why| CommandError::host_fault(name, why))?;
    for (path, bytes) in &case.files {
        let put = folders.put(path, bytes);
        put.map_err(|why| CommandError::config(name, format!("files: {path}: {why}")))?;
    }
    Ok(folders)
}

/// `running`, or the signal that ended it. A signal that was sent has not always done its
/// work yet: one that is wanted is waited for.
fn end_of(process: &mut Placeholder, wanted: Option<&str>) -> String {
    let patience = match wanted {
        None => Duration::ZERO,
        Some("running") => Duration::from_millis(50),
        Some(_) => Duration::from_secs(1),
    };
    match process.ended_within(patience) {
        Ok(Some(signal)) => name_of(signal),
        Ok(None) => "running".to_owned(),
        Err(why) => why.to_string(),
    }
}

fn name_of(signal: Signal) -> String {
    let known = [
        (Signal::TERM, "TERM"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::KILL, "KILL"),
    ];
    let found = known.into_iter().find(|(known, _)| *known == signal);
    found.map_or_else(
        || format!("{}", signal.as_raw()),
        |(_, name)| name.to_owned(),
    )
}
