//! One run of a hook module for a container, on a thread of its own.
//!
//! A guest computes on the thread that polls it; whoever plays the pod must not wait
//! for that. Knows what to run and whom to charge, not when.

use crate::handlers::exec::HookModule;
use crate::handlers::in_container::Place;
use podhook_ledger::Account;
use podhook_lifecycle::{Invocation, Outcome, Refusal, Report, State};
use podhook_runner::{Runner, options};
use podhook_sandbox::{Cancel, CodeStore, EventLoop, Profile, Wiring};
use std::fmt;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What a container's hooks share.
#[derive(Clone)]
pub(crate) struct Shared {
    /// Charged for all of them, under the container's limits.
    pub(crate) account: Arc<Account>,
    /// What one writes, the next reads.
    pub(crate) state: Arc<dyn State>,
    /// Compiled code.
    pub(crate) codes: Arc<CodeStore>,
}

/// A run that is to be.
pub(crate) struct ModuleRun {
    pub(crate) hook: Arc<HookModule>,
    /// Whom it is for.
    pub(crate) whom: Invocation,
    pub(crate) place: Place,
    pub(crate) shared: Shared,
    pub(crate) cancel: Cancel,
}

impl ModuleRun {
    /// Begins; the report comes when it is over, and whether the container was over
    /// before. Cannot fail but in the report.
    pub(crate) async fn report(self) -> (Report, bool) {
        let (sender, receiver) = oneshot::channel();
        let whom = self.whom.clone();
        let thread = std::thread::Builder::new().name("podhook-hook".to_owned());
        let spawned = thread.spawn(move || {
            let mut report = self.run();
            report.module.get_or_insert_with(|| self.hook.info());
            let _ = sender.send((report, self.place.has_ended()));
        });
        if let Err(error) = spawned {
            return (fault(&whom, &error), false);
        }
        let silent = "the hook's thread ended without a word";
        receiver
            .await
            .unwrap_or_else(|_| (fault(&whom, &silent), false))
    }

    fn run(&self) -> Report {
        let call = match self.hook.call(self.whom.clone(), &self.place) {
            Ok(call) => Arc::new(call),
            Err(why) => return refused(&self.whom, why),
        };
        let state = match self.state() {
            Ok(state) => state,
            Err(why) => return refused(&call, why),
        };
        let event_loop = match EventLoop::new() {
            Ok(event_loop) => event_loop,
            Err(error) => return fault(&call, &error),
        };
        let runner = match Runner::new(Profile::one_shot(), self.shared.codes.clone()) {
            Ok(runner) => runner,
            Err(error) => return fault(&call, &error),
        };
        let account = Account::under(self.shared.account.clone(), self.hook.own);
        let wiring = Wiring {
            meter: Arc::new(account),
            state,
            network: None,
            tee: None,
            cancel: Some(self.cancel.clone()),
        };
        let HookModule { source, module, .. } = &*self.hook;
        event_loop.block_on(runner.run(source, module, &call, &wiring))
    }

    fn state(&self) -> Result<Arc<dyn State>, String> {
        let Some(folder) = &self.hook.state_dir else {
            return Ok(self.shared.state.clone());
        };
        let shown = folder.display();
        let reached = self.place.path(folder);
        let reached =
            reached.map_err(|why| format!("--state-dir: {shown} in the container: {why}"))?;
        options::state(Some(&reached)).map_err(|error| error.to_string())
    }
}

fn refused(call: &Invocation, why: String) -> Report {
    Report::without_run(call, Outcome::Refused(Refusal::Policy), Some(why))
}

fn fault(call: &Invocation, why: &dyn fmt::Display) -> Report {
    Report::without_run(call, Outcome::HostFault, Some(why.to_string()))
}
