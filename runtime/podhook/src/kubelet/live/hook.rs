//! A hook's run on the live node, by the kind of its handler.

use super::report::{Exit, Finished};
use super::{Fact, Held, LiveNode, LivePod, News, RunningHook, Teller, command};
use crate::config;
use crate::handlers::exec::HookModule;
use crate::handlers::http_get::{self, Target};
use crate::handlers::in_container::Place;
use crate::handlers::module_run::ModuleRun;
use crate::kubelet::timeline::{Timeline, What};
use crate::local::{LocalContainer, OVER};
use podhook_lifecycle::hook_error::{self, Whose};
use podhook_lifecycle::machine::{HookCall, HookId, Input, Time};
use podhook_lifecycle::spec::{
    Action, ContainerIndex, ContainerSpec, ExecAction, HttpGetAction, LifecycleHandler,
};
use podhook_lifecycle::{CancelReason, Container, Handler, Invocation};
use podhook_runner::Runner;
use podhook_runner::report_line::failure;
use podhook_sandbox::Cancel;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// R47: what the kubelet of the rules' version says it is.
const USER_AGENT: &str = "kube-lifecycle/1.36";

/// A hook that is to be run, and all it takes.
struct HookRun {
    pod: Arc<LivePod>,
    teller: Teller,
    call: HookCall,
    /// `None` where it runs no longer.
    container: Option<(Arc<LocalContainer>, Place)>,
    cancel: Cancel,
}

impl LiveNode {
    pub(super) fn run_hook(&mut self, call: HookCall) {
        let cancel = Cancel::default();
        let spec = self.container(call.container).cloned();
        let main = self.mains.get(call.container.0);
        let container = main.zip(spec).and_then(|(main, spec)| {
            let container = main.container.clone()?;
            Some((container, Place::new(main.pid, main.isolated, &spec)))
        });
        let run = HookRun {
            pod: self.pod.clone(),
            teller: self.teller.clone(),
            call,
            container,
            cancel: cancel.clone(),
        };
        let begun = (Instant::now(), SystemTime::now());
        let task = tokio::spawn(run.play()).abort_handle();
        let running = RunningHook {
            call,
            begun,
            task,
            cancel,
        };
        self.hooks.insert(call.id, running);
    }

    pub(super) fn hook_done(
        &mut self,
        at: Time,
        id: HookId,
        mut finished: Box<Finished>,
        timeline: &mut Timeline,
    ) -> Option<Input> {
        let whose = self.hooks.get(&id)?.call.container;
        if finished.exit == Some(Exit::Killed) && self.main(whose).is_some_and(|main| main.runs) {
            self.held.push(Held { at, id, finished });
            return None;
        }
        let hook = self.hooks.remove(&id)?;
        match finished.exit {
            Some(Exit::Code(code)) => timeline.process(at, hook.whose(), What::Exit(code)),
            Some(Exit::Killed) => timeline.process(at, hook.whose(), What::Killed(None)),
            None => {}
        }
        (finished.report.took, finished.report.started_at) = (hook.begun.0.elapsed(), hook.begun.1);
        let result = match &finished.report.message {
            Some(message) => Err(message.clone()),
            None => Ok(()),
        };
        timeline.report(at, (whose, hook.call.hook), finished.report);
        Some(Input::HookDone(id, result))
    }

    /// A hook that waited for its container to be said to have ended, and now may.
    pub(super) fn next_held(&mut self) -> Option<News> {
        let free = |held: &Held| {
            let hook = self.hooks.get(&held.id);
            hook.is_none_or(|hook| {
                let main = self.mains.get(hook.call.container.0);
                main.is_none_or(|main| !main.runs)
            })
        };
        let index = self.held.iter().position(free)?;
        let Held { at, id, finished } = self.held.remove(index);
        Some(News(at, Fact::HookDone(id, finished)))
    }

    /// R31: a container that ended takes the hooks in it along.
    pub(super) fn cut_modules(&mut self, index: ContainerIndex) {
        let hooks = self.hooks.values();
        for hook in hooks.filter(|hook| hook.call.container == index) {
            hook.cancel.cancel(CancelReason::Terminated);
        }
    }

    /// Requests and pauses that outlive their pod are reported as what they are; a
    /// command or a module, being killed, will say so itself.
    pub(super) fn abandon_hooks(&mut self, timeline: &mut Timeline) {
        let ids: Vec<_> = self.hooks.keys().copied().collect();
        for id in ids {
            let Some(hook) = self.hooks.get(&id) else {
                continue;
            };
            hook.cancel.cancel(CancelReason::Terminated);
            let call = hook.call;
            let Some(why) = self.pod.abandoned(&call) else {
                continue;
            };
            hook.task.abort();
            let finished = Finished::abandoned(&self.pod.invocation(&call), why);
            self.hook_done(self.teller.now(), id, Box::new(finished), timeline);
        }
    }
}

impl LivePod {
    fn handler(&self, call: &HookCall) -> Option<(&ContainerSpec, &LifecycleHandler)> {
        let container = self.spec.container(call.container)?;
        let handler = container.lifecycle.as_ref()?.handler(call.hook)?;
        Some((container, handler))
    }

    /// The call, without what the hook itself asks for.
    fn invocation(&self, call: &HookCall) -> Invocation {
        let mut invocation = Invocation::new(Runner::new_id());
        invocation.hook = Some(call.hook);
        invocation.pod = self.spec.pod.clone();
        invocation.pod.ip = self.ips.first().map(ToString::to_string);
        invocation.attempt = call.attempt;
        invocation.grace = call.grace;
        invocation.budget.timeout = None;
        invocation.budget.memory = None;
        if let Some((container, handler)) = self.handler(call) {
            invocation.handler = Some(kind(handler));
            let limits = self.spec.limits_of(call.container, config::node_memory()).0;
            invocation.budget.memory = limits.memory_max;
            invocation.budget.cpu = limits.cpu;
            invocation.container = Container {
                name: Some(container.name.clone()),
                image: container.image.clone(),
                id: None,
            };
        }
        invocation
    }

    /// What is said of a hook without a process that the pod did not wait for.
    fn abandoned(&self, call: &HookCall) -> Option<String> {
        let (container, handler) = self.handler(call)?;
        let full_name = self.spec.full_name();
        let whose = Whose {
            container: &container.name,
            pod: &full_name,
        };
        match handler.action() {
            Action::Exec(_) => None,
            Action::HttpGet(action) => {
                let path = action.path.as_deref().unwrap_or_default();
                Some(whose.http_get(path, "the pod ended before an answer came"))
            }
            Action::Sleep(action) => Some(whose.sleep(action.seconds)),
            Action::Invalid(handler) => Some(hook_error::invalid_handler(handler)),
        }
    }
}

impl HookRun {
    async fn play(self) {
        let (teller, id) = (self.teller.clone(), self.call.id);
        let finished = self.finished().await;
        teller.tell(Fact::HookDone(id, Box::new(finished)));
    }

    async fn finished(self) -> Finished {
        let (pod, call) = (self.pod.clone(), self.pod.invocation(&self.call));
        let Some((container, handler)) = pod.handler(&self.call) else {
            return Finished::without_process(&call, Ok(()));
        };
        let full_name = pod.spec.full_name();
        let whose = Whose {
            container: &container.name,
            pod: &full_name,
        };
        match handler.action() {
            Action::Exec(action) => self.exec(call, container, action, whose).await,
            Action::HttpGet(action) => self.http_get(&call, container, action, whose).await,
            Action::Sleep(action) => {
                let seconds = u64::try_from(action.seconds).unwrap_or(0);
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                Finished::without_process(&call, Ok(()))
            }
            Action::Invalid(handler) => {
                let error = hook_error::invalid_handler(handler);
                Finished::without_process(&call, Err(error))
            }
        }
    }

    async fn exec(
        self,
        call: Invocation,
        spec: &ContainerSpec,
        action: &ExecAction,
        whose: Whose<'_>,
    ) -> Finished {
        let argv = &action.command;
        let Some((container, place)) = self.container else {
            return Finished::not_started(&call, argv, OVER, whose);
        };
        let (teller, id) = (self.teller, self.call.id);
        let key = (self.call.container, self.call.hook);
        let Some(hook) = self.pod.modules.get(&key) else {
            let command = command(argv, spec);
            let started = || teller.tell(Fact::HookStarted(id));
            let result = container.exec(&command, started).await;
            return Finished::local(&call, argv, result, whose);
        };
        let Some(shared) = self.pod.shared.get(key.0.0).cloned() else {
            return Finished::not_started(&call, argv, OVER, whose);
        };
        // What keeps a container alive is its node, not its hooks.
        drop(container);
        teller.tell(Fact::HookStarted(id));
        let run = ModuleRun {
            hook: Arc::<HookModule>::clone(hook),
            whom: call,
            place,
            shared,
            cancel: self.cancel.clone(),
        };
        let (report, died) = run.report().await;
        let line = failure(&report);
        Finished::module(report, argv, line, died, whose)
    }

    async fn http_get(
        &self,
        call: &Invocation,
        spec: &ContainerSpec,
        action: &HttpGetAction,
        whose: Whose<'_>,
    ) -> Finished {
        let target = Target {
            action,
            ports: &spec.ports,
            pod_ips: &self.pod.ips,
            user_agent: USER_AGENT,
        };
        let path = action.path.as_deref().unwrap_or_default();
        match http_get::get(&target).await {
            Err(error) => Finished::without_process(call, Err(whose.http_get(path, &error))),
            Ok(answer) => {
                let fallback = match answer.fallback {
                    true => ", over HTTP although HTTPS was asked for",
                    false => "",
                };
                let sent = match answer.requests {
                    0 | 1 => String::new(),
                    more => format!(" after {more} requests"),
                };
                let note = format!("answered with status {}{sent}{fallback}", answer.status);
                Finished::without_process(call, Ok(())).noted(note)
            }
        }
    }
}

fn kind(handler: &LifecycleHandler) -> Handler {
    match handler.action() {
        Action::Exec(_) => Handler::Exec,
        Action::HttpGet(_) => Handler::HttpGet,
        Action::Sleep(_) => Handler::Sleep,
        Action::Invalid(_) => Handler::TcpSocket,
    }
}
