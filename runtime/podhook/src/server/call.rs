//! One call of a hook: let in, run, reported. And what all workers share.

use super::gate::Gate;
use super::hooks::{HookFile, Hooks};
use super::log::{Called, Log};
use super::metrics::{Metrics, TurnedAway};
use super::settings::{Configured, Settings};
use crate::config;
use podhook_ledger::Account;
use podhook_lifecycle::{Handler, Hook, HttpRequest, Invocation, Report};
use podhook_runner::{Runner, refuse_file};
use podhook_sandbox::{Cancel, CodeStore, Wiring};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

/// Something for the thread that compiles.
type Work = Box<dyn FnOnce() + Send>;

/// What all workers share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    configured: RwLock<Arc<Configured>>,
    pub(super) hooks: Hooks,
    pub(super) codes: Arc<CodeStore>,
    pub(super) metrics: Metrics,
    pub(super) log: Log,
    pub(super) connections: Arc<Semaphore>,
    pub(super) compiler: Mutex<mpsc::Sender<Work>>,
    pub(super) environment: fn(&str) -> Option<String>,
    /// Becomes true when nothing new is taken.
    pub(super) stopping: watch::Sender<bool>,
    /// Ends hooks that run.
    pub(super) cancel: Cancel,
}

impl Shared {
    pub(super) fn new(settings: Settings, configured: Configured, log: Log) -> Self {
        let (compiler, work) = mpsc::channel::<Work>();
        // Where it cannot be started, whoever sends does the work.
        let _ = std::thread::Builder::new()
            .name("podhook-compile".to_owned())
            .spawn(move || work.into_iter().for_each(|work| work()));
        Self {
            connections: Arc::new(Semaphore::new(settings.connections)),
            settings,
            configured: RwLock::new(Arc::new(configured)),
            hooks: Hooks::default(),
            codes: config::code_store(),
            metrics: Metrics::new(),
            log,
            compiler: Mutex::new(compiler),
            environment: config::variable,
            stopping: watch::Sender::new(false),
            cancel: Cancel::default(),
        }
    }

    pub(super) fn configured(&self) -> Arc<Configured> {
        self.configured
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads configuration and hooks again; hooks that run go on as they are. What cannot
    /// be read is said, and stays as it was.
    pub(super) fn reload(self: &Arc<Self>) {
        if let Some(file) = &self.settings.config {
            match Configured::open(file, &self.environment) {
                Ok(configured) => {
                    let mut place = self
                        .configured
                        .write()
                        .unwrap_or_else(PoisonError::into_inner);
                    *place = Arc::new(configured);
                }
                Err(error) => {
                    return self
                        .log
                        .warn("the configuration stays as it was", &[("why", &error)]);
                }
            }
        }
        self.hooks.load(self);
        self.log.say("reloaded", &[]);
    }

    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(super) fn stop_hooks(&self) {
        self.cancel
            .cancel(podhook_lifecycle::CancelReason::Terminated);
    }
}

/// Whom a request says it is for; the kubelet itself says nothing.
#[derive(Debug, Default)]
pub(super) struct Whom {
    pub(super) pod: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) container: Option<String>,
}

impl Whom {
    /// Of a query: `pod=web-0&container=app`.
    pub(super) fn of_query(query: &str) -> Self {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            let text = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            Some(text.chars().take(253).collect())
        };
        Self {
            pod: value("pod"),
            namespace: value("namespace"),
            uid: value("uid"),
            container: value("container"),
        }
    }
}

/// What a hook is asked for.
pub(super) enum Asked {
    Hook(Hook, Whom),
    Http(HttpRequest),
}

/// One worker: an engine, a gate, and what all share.
pub(super) struct Worker {
    pub(super) runner: Runner,
    pub(super) gate: Gate,
    pub(super) shared: Arc<Shared>,
}

impl Worker {
    /// Runs a hook, once it is compiled and let in. It goes on where nobody waits for it
    /// any more.
    pub(super) async fn call(
        self: &Arc<Self>,
        hook: Arc<HookFile>,
        asked: Asked,
    ) -> Result<Report, TurnedAway> {
        let _ = hook.ready.clone().wait_for(|ready| *ready).await;
        let queued = Counted::up(&self.shared.metrics.queued);
        let permit = self.gate.enter().await.map_err(TurnedAway::Closed)?;
        drop(queued);
        let waited_for = Arc::new(AtomicBool::new(true));
        let (worker, waits) = (self.clone(), waited_for.clone());
        let runs = async move {
            let running = Counted::up(&worker.shared.metrics.running);
            let call = Arc::new(invocation(&hook, asked));
            let report = worker.run(&hook, &call).await;
            let client_gone = !waits.load(SeqCst);
            let metrics = &worker.shared.metrics;
            metrics.ended(hook.counted(report.hook, metrics), &report, client_gone);
            worker.shared.log.invocation(&Called {
                hook: &hook.name,
                call: &call,
                report: &report,
                client_gone,
            });
            // Before whoever waits goes on: what it asks for next may need the place.
            drop((running, permit));
            report
        };
        Ok(GoesOn::new(Box::pin(runs), waited_for).await)
    }

    async fn run(&self, hook: &HookFile, call: &Arc<Invocation>) -> Report {
        let module = match &hook.module {
            Ok(module) => module,
            Err((digest, why)) => return refuse_file(&hook.name, *digest, call, why),
        };
        let account = match &self.shared.settings.account {
            Some(above) => Account::under(above.clone(), hook.own),
            None => Account::new(hook.own),
        };
        let wiring = Wiring {
            meter: Arc::new(account),
            state: hook.state.clone(),
            tee: None,
            cancel: Some(self.shared.cancel.clone()),
        };
        let mut report = self.runner.run(&hook.name, module, call, &wiring).await;
        report.hook = report.hook.or(call.hook);
        report
    }
}

fn invocation(hook: &HookFile, asked: Asked) -> Invocation {
    let mut call = Invocation {
        id: Runner::new_id(),
        handler: Some(Handler::HttpGet),
        ..hook.asked.clone()
    };
    match asked {
        Asked::Hook(phase, whom) => {
            call.hook = Some(phase);
            call.pod.name = whom.pod.unwrap_or(call.pod.name);
            call.pod.namespace = whom.namespace.or(call.pod.namespace);
            call.pod.uid = whom.uid.or(call.pod.uid);
            call.container.name = whom.container.or(call.container.name);
        }
        Asked::Http(request) => call.request = request,
    }
    call
}

/// Counts one up, and down when it is dropped.
struct Counted<'g>(&'g prometheus_client::metrics::gauge::Gauge);

impl<'g> Counted<'g> {
    fn up(gauge: &'g prometheus_client::metrics::gauge::Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A hook whose client waits. Where the client goes away, it goes on by itself.
struct GoesOn {
    runs: Option<Pin<Box<dyn Future<Output = Report> + Send>>>,
    waited_for: Arc<AtomicBool>,
}

impl GoesOn {
    fn new(
        runs: Pin<Box<dyn Future<Output = Report> + Send>>,
        waited_for: Arc<AtomicBool>,
    ) -> Self {
        Self {
            runs: Some(runs),
            waited_for,
        }
    }
}

impl Future for GoesOn {
    type Output = Report;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        let Some(runs) = &mut self.runs else {
            return Poll::Pending;
        };
        let polled = runs.as_mut().poll(cx);
        if polled.is_ready() {
            self.runs = None;
        }
        polled
    }
}

impl Drop for GoesOn {
    fn drop(&mut self) {
        // At the end of the worker nobody is left to go on.
        if let (Some(runs), Ok(worker)) = (self.runs.take(), Handle::try_current()) {
            self.waited_for.store(false, SeqCst);
            worker.spawn(runs);
        }
    }
}
