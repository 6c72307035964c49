//! One run: store, limits, instantiate, call, drop.

use crate::bindings::podhook::lifecycle::types as wit;
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::event_loop;
use crate::guest::Guest;
use crate::handler_pre::{Entry, HandlerPre, Lifecycle};
use crate::host;
use crate::pace::{Advice, Pace, Paced, YieldOnce};
use crate::record::Record;
use crate::stretch::Stretch;
use crate::verdict::{self, Answer, Ending, Stopped, Verdict};
use crate::wiring::Wiring;
use podhook_lifecycle::{Accounting, Budget, FuelUsage, Hook, Invocation, Refusal, Report, Usage};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};
use wasmtime::component::Instance;
use wasmtime::{CallHook, Store, UpdateDeadline};

#[cfg(feature = "bare")]
pub mod stages;

/// Handles of all kinds that a component may hold; upstream's default is 100,000.
const COMPONENT_HANDLES: usize = 10_000;

/// Bytes of a run beside its memories and tables: store, instances, the first pages of
/// its stack. Thousands of suspended hooks take 15 to 40 KB each.
const INSTANCE: u64 = 32 << 10;

/// A call of the host takes more: to leave a guest and to come back is dozens of cycles.
const FASTEST_CALL: Duration = Duration::from_nanos(4);

/// What a run is about, besides its store.
struct Run<'a> {
    engine: &'a Engine,
    pre: &'a HandlerPre,
    call: &'a Arc<Invocation>,
    hook: Option<Hook>,
    record: Arc<Record>,
    pace: Arc<Pace>,
    deadline: Option<Instant>,
    cancel: Option<&'a Cancel>,
}

impl Engine {
    /// Runs a hook once. Cannot fail: whatever happens is in the report, whose
    /// `module` is left to the caller.
    ///
    /// The deadline counts from here. Dropping the future stops the guest, without
    /// report.
    pub async fn run(&self, pre: &HandlerPre, call: &Arc<Invocation>, wiring: &Wiring) -> Report {
        let (began, started_at) = (Instant::now(), SystemTime::now());
        let mut run = Run::begin(self, pre, call, wiring, began);
        let mut usage = Usage::default();
        let verdict = run.judged(wiring, &mut usage).await;
        let ended = run.pace.close();
        usage.cpu = run.pace.usage();
        run.report(verdict, usage, started_at, ended - began)
    }
}

impl<'a> Run<'a> {
    /// A stretch of work is under way from here on.
    fn begin(
        engine: &'a Engine,
        pre: &'a HandlerPre,
        call: &'a Arc<Invocation>,
        wiring: &'a Wiring,
        began: Instant,
    ) -> Self {
        let stretch = Stretch::start_at(began);
        let caps = call.budget.caps;
        let record = Arc::new(Record::new(wiring.meter.clone(), caps, wiring.tee.clone()));
        // Files and names are looked up by other threads.
        let has_helpers = !call.grants.dirs.is_empty() || !call.grants.hosts.is_empty();
        let deadline = call.budget.timeout.and_then(|left| began.checked_add(left));
        let pace = Pace::new(record.clone(), engine, deadline, has_helpers, stretch);
        Self {
            engine,
            pre,
            call,
            hook: None,
            record,
            pace: Arc::new(pace),
            deadline,
            cancel: wiring.cancel.as_ref(),
        }
    }

    /// The verdict; the store is gone then, and a stretch still under way.
    async fn judged(&mut self, wiring: &Wiring, usage: &mut Usage) -> Verdict {
        if let Err(error) = self.start_alarm() {
            return Verdict::fault(format!("cannot start the alarm thread: {error}"));
        }
        let mut store = match self.store(wiring) {
            Ok(store) => store,
            Err(verdict) => return verdict,
        };
        let ending = self.ending(&mut store).await;
        usage.fuel = self.call.budget.fuel.map(|given| FuelUsage {
            consumed: given.saturating_sub(store.get_fuel().unwrap_or(given)),
        });
        usage.memory = self.record.memory();
        match self.engine.runs_once {
            // Its gigabytes of address space go with the process, and sooner.
            true => std::mem::forget(store),
            false => {
                let opened = store.data_mut().take_opened();
                drop(store);
                opened.release();
            }
        }
        verdict::judge(ending, self.call, &self.record)
    }

    /// Whoever has a limit needs to be rung for.
    fn start_alarm(&self) -> std::io::Result<()> {
        match self.deadline.is_some() || self.pace.has_quota() {
            true => self.engine.alarm.start(),
            false => Ok(()),
        }
    }

    /// A store with every limit armed, before anything of the guest is in it.
    fn store(&mut self, wiring: &Wiring) -> Result<Store<Guest>, Verdict> {
        self.hook = self
            .pre
            .phase(self.call.hook)
            .map_err(|why| Verdict::refused(Refusal::InvalidModule, why))?;
        if self.pre.may_open_files {
            self.record.looked_for_folders();
        }
        self.record.charge(INSTANCE).map_err(Verdict::oom_killed)?;
        let guest = Guest::new(
            self.call.clone(),
            self.record.clone(),
            wiring,
            self.deadline,
        )
        .map_err(|error| error.verdict())?;
        let store = Store::try_new(&self.engine.wasmtime, guest);
        let mut store = store.map_err(|error| Verdict::host_fault(&error))?;
        store.limiter(|guest| &mut guest.limiter);
        if self.may_call_too_often() {
            store.call_hook(|mut store, hook| match hook {
                CallHook::CallingHost => Ok(store.data_mut().count_host_call()?),
                CallHook::CallingWasm
                | CallHook::ReturningFromWasm
                | CallHook::ReturningFromHost => Ok(()),
            });
        }
        let Budget { fuel, caps, .. } = self.call.budget;
        let counts = self.engine.profile().fuel;
        if let Some(fuel) = fuel.or(counts.then_some(u64::MAX)) {
            store
                .set_fuel(fuel)
                .map_err(|error| Verdict::host_fault(&error))?;
        }
        store.set_hostcall_fuel(caps.hostcall_bytes);
        // Of resources a component makes itself; those of the host are fewer.
        store.set_max_component_handles(COMPONENT_HANDLES);
        self.arm(&mut store);
        Ok(store)
    }

    /// Whether there is time for more calls of the host than are allowed. Where there is
    /// none they are not counted: that takes every call, and a warm run a fiftieth more.
    fn may_call_too_often(&self) -> bool {
        let Budget { timeout, caps, .. } = self.call.budget;
        let calls = timeout.map(|timeout| timeout.as_nanos() / FASTEST_CALL.as_nanos());
        calls.is_none_or(|calls| calls >= u128::from(caps.host_calls))
    }

    /// Sees to it that a guest that computes looks up when its time is over.
    fn arm(&self, store: &mut Store<Guest>) {
        store.set_epoch_deadline(1);
        let (cancel, pace) = (self.cancel.cloned(), self.pace.clone());
        if let Some(cancel) = &cancel {
            cancel.attach(&self.engine.alarm);
        }
        store.epoch_deadline_callback(move |_| {
            if let Some(reason) = cancel.as_ref().and_then(Cancel::reason) {
                return Err(Stopped(reason).into());
            }
            Ok(match pace.look_up()? {
                Advice::Continue => UpdateDeadline::Continue(1),
                Advice::GiveWay => UpdateDeadline::YieldCustom(1, Box::pin(YieldOnce::default())),
            })
        });
    }

    /// Runs the guest to its end, or to the first of deadline and cancellation. A
    /// stretch is under way before and after.
    async fn ending(&self, store: &mut Store<Guest>) -> Ending {
        tracing::debug!(id = %self.call.id, "the guest is called");
        let guest = pin!(self.call_guest(store));
        let mut call = Paced::new(guest, &self.pace);
        let mut sleep = None;
        let mut cancelled = None;
        let mut bounded = poll_fn(|cx| {
            // The engine is attached: who cancels from here on rings.
            if let Some(reason) = self.cancel.and_then(Cancel::reason) {
                return Poll::Ready(Ending::Cancelled(reason));
            }
            if let Poll::Ready(ended) = Pin::new(&mut call).poll(cx) {
                return Poll::Ready(Ending::Returned(ended));
            }
            if let Some(cancel) = self.cancel {
                let cancelled = cancelled.get_or_insert_with(|| Box::pin(cancel.cancelled()));
                if let Poll::Ready(reason) = cancelled.as_mut().poll(cx) {
                    return Poll::Ready(Ending::Cancelled(reason));
                }
            }
            let Some(deadline) = self.deadline else {
                return Poll::Pending;
            };
            if let Err(error) = event_loop::need() {
                let fault = verdict::Fault::Host(error.into());
                return Poll::Ready(Ending::Returned(Err(fault)));
            }
            sleep
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())))
                .as_mut()
                .poll(cx)
                .map(|()| Ending::DeadlinePassed)
        });
        poll_fn(|cx| {
            self.pace.open();
            let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut bounded).poll(cx)));
            match polled {
                Ok(Poll::Pending) => {
                    self.pace.close();
                    Poll::Pending
                }
                Ok(Poll::Ready(ending)) => Poll::Ready(ending),
                Err(panic) => Poll::Ready(Ending::from_panic(&*panic)),
            }
        })
        .await
    }

    async fn call_guest(&self, store: &mut Store<Guest>) -> Result<Answer, verdict::Fault> {
        use verdict::Fault::{Call, Instantiate};
        if self.pre.may_wait {
            event_loop::need().map_err(|error| verdict::Fault::Host(error.into()))?;
        }
        match &self.pre.entry {
            Entry::Core(pre) => {
                let instance = pre
                    .instantiate_async(&mut *store)
                    .await
                    .map_err(Instantiate)?;
                let start = instance
                    .get_typed_func::<(), ()>(&mut *store, "_start")
                    .map_err(Instantiate)?;
                start.call_async(store, ()).await.map_err(Call)?;
                Ok(Answer::Exit(Ok(())))
            }
            Entry::Command(pre) => {
                let command = pre
                    .instantiate_async(&mut *store)
                    .await
                    .map_err(Instantiate)?;
                let run = command.wasi_cli_run();
                Ok(Answer::Exit(run.call_run(store).await.map_err(Call)?))
            }
            Entry::Lifecycle(lifecycle) => {
                let answer = self.call_lifecycle(lifecycle, store).await?;
                Ok(Answer::Lifecycle(answer))
            }
            // In a box: its future is large, and all others would be moved with it.
            Entry::Http(pre) => Box::pin(host::incoming::call(pre, store)).await,
        }
    }

    async fn call_lifecycle(
        &self,
        lifecycle: &Lifecycle,
        store: &mut Store<Guest>,
    ) -> Result<Result<(), wit::HookError>, verdict::Fault> {
        use verdict::Fault::{Call, Instantiate};
        let instance = lifecycle
            .pre
            .instantiate_async(&mut *store)
            .await
            .map_err(Instantiate)?;
        let answer = self.call_instance(lifecycle, store, &instance).await;
        answer.map_err(Call)
    }

    async fn call_instance(
        &self,
        lifecycle: &Lifecycle,
        store: &mut Store<Guest>,
        instance: &Instance,
    ) -> wasmtime::Result<Result<(), wit::HookError>> {
        let context = self.context();
        match (self.hook, &lifecycle.post_start, &lifecycle.pre_stop) {
            (Some(Hook::PostStart), Some(indices), _) => {
                let export = indices.load(&mut *store, instance)?;
                export.call_run(store, &context).await
            }
            (Some(Hook::PreStop), _, Some(indices)) => {
                let export = indices.load(&mut *store, instance)?;
                export.call_run(store, &context).await
            }
            (_, _, _) => Err(wasmtime::Error::msg("the phase was not linked")),
        }
    }

    fn context(&self) -> wit::Context {
        host::context::context(self.call, self.hook.unwrap_or(Hook::PostStart))
    }

    fn report(
        self,
        verdict: Verdict,
        usage: Usage,
        started_at: SystemTime,
        took: Duration,
    ) -> Report {
        let mut written = self.record.written();
        Report {
            id: self.call.id,
            module: None,
            handler: self.call.handler,
            hook: self.hook.or(self.call.hook),
            outcome: verdict.outcome,
            message: verdict.message,
            guest_exit_code: verdict.guest_exit_code,
            started_at,
            took,
            budget: self.call.budget,
            accounting: Accounting::default(),
            usage,
            output: written.take_output(),
            logs: written.take_logs(),
            events: std::mem::take(&mut written.events),
            termination_message: written.termination_message.take(),
            response: verdict.response,
        }
    }
}
