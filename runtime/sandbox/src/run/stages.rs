//! One run taken apart, so that benchmarks can say which of its stages costs what.
//!
//! The stages are those of [`Engine::run`], by the same functions. What goes on around
//! them there (deadline, cancellation, turns) is in none of them.

use super::Run;
use crate::engine::Engine;
use crate::guest::Guest;
use crate::handler_pre::{Entry, HandlerPre};
use crate::verdict::{self, Answer, Ending, Fault, Verdict};
use crate::wiring::Wiring;
use podhook_lifecycle::{Invocation, Report, Usage};
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use wasmtime::Store;
use wasmtime::component::Instance;

/// A lifecycle hook that can be run stage by stage.
pub struct Stages {
    engine: Engine,
    pre: HandlerPre,
    call: Arc<Invocation>,
    wiring: Wiring,
}

/// First stage: a store with every limit armed.
pub struct Prepared<'s> {
    run: Run<'s>,
    store: Store<Guest>,
}

/// Second: the guest's memories, tables and functions.
pub struct Instantiated<'s> {
    prepared: Prepared<'s>,
    instance: Instance,
}

/// Third: the guest was called, and its store is gone.
pub struct Ended<'s> {
    run: Run<'s>,
    verdict: Verdict,
    usage: Usage,
}

impl Stages {
    /// What all runs have in common.
    #[must_use]
    pub fn new(engine: Engine, pre: HandlerPre, call: Invocation, wiring: Wiring) -> Self {
        Self {
            engine,
            pre,
            call: Arc::new(call),
            wiring,
        }
    }

    /// Makes the store.
    ///
    /// # Errors
    /// Where a run would be refused.
    pub fn store(&self) -> Result<Prepared<'_>, String> {
        let mut run = Run::begin(
            &self.engine,
            &self.pre,
            &self.call,
            &self.wiring,
            Instant::now(),
        );
        let store = run.store(&self.wiring).map_err(said)?;
        Ok(Prepared { run, store })
    }
}

impl<'s> Prepared<'s> {
    /// Instantiates the guest.
    ///
    /// # Errors
    /// Where it cannot be; or it is no lifecycle hook.
    pub async fn instantiate(mut self) -> Result<Instantiated<'s>, String> {
        let Entry::Lifecycle(lifecycle) = &self.run.pre.entry else {
            return Err("no lifecycle hook".to_owned());
        };
        let made = lifecycle.pre.instantiate_async(&mut self.store).await;
        Ok(Instantiated {
            instance: made.map_err(|why| format!("{why:#}"))?,
            prepared: self,
        })
    }
}

impl<'s> Instantiated<'s> {
    /// Calls the guest, and gives back all that was made for it.
    ///
    /// # Errors
    /// Where it is no lifecycle hook.
    pub async fn call(self) -> Result<Ended<'s>, String> {
        let (Prepared { run, mut store }, instance) = (self.prepared, self.instance);
        let Entry::Lifecycle(lifecycle) = &run.pre.entry else {
            return Err("no lifecycle hook".to_owned());
        };
        let answered = run.call_instance(lifecycle, &mut store, &instance).await;
        drop(store);
        let answered = answered.map(Answer::Lifecycle).map_err(Fault::Call);
        let usage = Usage {
            memory: run.record.memory(),
            ..Usage::default()
        };
        let verdict = verdict::judge(Ending::Returned(answered), run.call, &run.record);
        Ok(Ended {
            run,
            verdict,
            usage,
        })
    }
}

impl Ended<'_> {
    /// What is said of it.
    #[must_use]
    pub fn report(mut self) -> Report {
        self.run.pace.close();
        self.usage.cpu = self.run.pace.usage();
        let took = self.usage.cpu.usage_nsec;
        let took = std::time::Duration::from_nanos(took);
        self.run
            .report(self.verdict, self.usage, SystemTime::now(), took)
    }
}

fn said(verdict: Verdict) -> String {
    let why = verdict.message.unwrap_or_default();
    format!("{}: {why}", verdict.outcome.as_str())
}
