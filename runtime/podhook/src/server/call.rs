//! One call of a hook: let in, run, reported. And what all workers share.

use super::calls::{Calls, Client};
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
use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
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
        self.warn_if_open();
        self.log.say("reloaded", &[]);
    }

    /// Says so where anybody can run the hooks who reaches the address.
    pub(super) fn warn_if_open(&self) {
        let address = self.settings.listen;
        if !address.ip().is_loopback() && self.configured().token.is_none() {
            let why = "whoever reaches this address can run the hooks: no token is configured";
            self.log.warn(why, &[("address", &address)]);
        }
    }

    /// Counts and says that a call came to no hook.
    pub(super) fn turned_away(&self, why: TurnedAway, path: &str) {
        self.metrics.turned_away(why);
        let fields: &[(&str, &dyn std::fmt::Display)] = &[("why", &why.as_str()), ("path", &path)];
        self.log.warn("turned away", fields);
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
    pub(super) calls: Calls,
    pub(super) shared: Arc<Shared>,
}

impl Worker {
    /// Runs a hook, once it is compiled and let in.
    pub(super) async fn call(
        &self,
        hook: &HookFile,
        asked: Asked,
        client: &Client,
    ) -> Result<Report, TurnedAway> {
        let _ = hook.ready.clone().wait_for(|ready| *ready).await;
        let metrics = &self.shared.metrics;
        let queued = Counted::up(&metrics.queued);
        let permit = self.gate.enter().await.map_err(TurnedAway::Closed)?;
        drop(queued);
        let running = Counted::up(&metrics.running);
        let call = Arc::new(invocation(hook, asked));
        let report = self.run(hook, &call).await;
        let client_gone = client.is_gone();
        metrics.ended(hook.counted(report.hook, metrics), &report, client_gone);
        self.shared.log.invocation(&Called {
            hook: &hook.name,
            call: &call,
            report: &report,
            client_gone,
        });
        // Before whoever waits goes on: what it asks for next may need the place.
        drop((running, permit));
        Ok(report)
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
            network: None,
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
