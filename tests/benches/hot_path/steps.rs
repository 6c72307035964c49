//! The stages of one warm run, and what is made of its report.

use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::hook_error::{ExecResult, Whose, exec_error};
use podhook_lifecycle::machine::{Effect, HookId, Input, Pace, PodMachine, Time};
use podhook_lifecycle::spec::{
    ContainerSpec, ExecAction, Lifecycle, LifecycleHandler, PodSpec, RestartPolicy,
};
use podhook_lifecycle::{Hook, Invocation, Report};
use podhook_runner::Runner;
use podhook_runner::wire::HookReport;
use podhook_sandbox::stages::{Ended, Instantiated, Prepared, Stages};
use podhook_sandbox::{
    Cache, CodeStore, Engine, EventLoop, HandlerPre, Module, Profile, TargetCpu, Wiring,
};
use podhook_test_guests::lifecycle::NOOP;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A hook that is linked, to be run stage by stage.
pub(crate) struct Staged {
    stages: Stages,
    event_loop: EventLoop,
}

/// A worker that runs it as it runs all hooks.
pub(crate) struct Worker {
    runner: Runner,
    module: Module,
    wiring: Wiring,
    event_loop: EventLoop,
}

fn profile() -> Profile {
    // Four slots: valgrind maps 32 GiB at most. Code for any machine: so does it.
    Profile {
        target_cpu: TargetCpu::Baseline,
        ..Profile::pooled(4)
    }
}

fn invocation() -> Invocation {
    let mut call = Invocation::new(Runner::new_id());
    call.hook = Some(Hook::PreStop);
    call
}

fn wiring() -> Wiring {
    let limits = AccountLimits {
        memory_max: invocation().budget.memory,
        ..AccountLimits::default()
    };
    Wiring::new(Arc::new(Account::new(limits)))
}

/// `cache`: where code is, or is left for the next process.
fn codes(cache: Option<&Path>) -> Arc<CodeStore> {
    let cache = cache.map(|folder| Cache::open(folder).unwrap());
    Arc::new(CodeStore::new(cache))
}

fn module() -> Module {
    Module::new(std::fs::read(NOOP).unwrap()).unwrap()
}

impl Staged {
    pub(crate) fn new(cache: Option<&Path>) -> Self {
        let engine = Engine::new(profile()).unwrap();
        let pre = HandlerPre::new(&engine, &module(), &codes(cache)).unwrap();
        Self {
            stages: Stages::new(engine, pre, invocation(), wiring()),
            event_loop: EventLoop::new().unwrap(),
        }
    }

    #[inline(never)]
    pub(crate) fn store(&self) -> Prepared<'_> {
        self.stages.store().unwrap()
    }

    #[inline(never)]
    pub(crate) fn instantiate<'h>(&self, prepared: Prepared<'h>) -> Instantiated<'h> {
        self.event_loop.block_on(prepared.instantiate()).unwrap()
    }

    #[inline(never)]
    pub(crate) fn call<'h>(&self, instantiated: Instantiated<'h>) -> Ended<'h> {
        self.event_loop.block_on(instantiated.call()).unwrap()
    }
}

impl Worker {
    pub(crate) fn new(cache: Option<&Path>) -> Self {
        let worker = Self {
            runner: Runner::new(profile(), codes(cache)).unwrap(),
            module: module(),
            wiring: wiring(),
            event_loop: EventLoop::new().unwrap(),
        };
        worker.runner.prepare(&worker.module, &invocation());
        worker
    }

    #[inline(never)]
    pub(crate) fn run(&self) -> Report {
        let call = Arc::new(invocation());
        let running = self.runner.run("noop", &self.module, &call, &self.wiring);
        self.event_loop.block_on(running)
    }

    /// Of a run that has something to say.
    pub(crate) fn a_report(&self) -> Report {
        let mut report = self.run();
        report.output.stdout = b"draining\n".repeat(8);
        report
    }
}

/// The report as JSON.
#[inline(never)]
pub(crate) fn wire(report: &Report) -> String {
    serde_json::to_string(&HookReport::from(report)).unwrap()
}

/// A pod whose preStop hook is under way.
pub(crate) fn stopping() -> (PodMachine, HookId) {
    let container = ContainerSpec {
        name: "web".to_owned(),
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: Some(ExecAction { command: argv() }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        ..ContainerSpec::default()
    };
    let spec = PodSpec {
        restart_policy: RestartPolicy::Never,
        containers: vec![container],
        ..PodSpec::default()
    };
    let mut machine = PodMachine::new(Arc::new(spec), Pace::default());
    let mut now = Time::ZERO;
    loop {
        while let Some(effect) = machine.next_effect() {
            match effect {
                Effect::StartContainer(container) => {
                    machine.handle(now, Input::Started(container, Ok(())));
                    machine.handle(now, Input::Delete(Some(30)));
                }
                Effect::RunHook(call) => return (machine, call.id),
                Effect::CreateContainer(_)
                | Effect::StopContainer(..)
                | Effect::Terminate(_)
                | Effect::Kill(_)
                | Effect::StopPodSandbox
                | Effect::RunProbe(..)
                | Effect::CutHooks
                | Effect::Event(_)
                | Effect::Status(_) => {}
            }
        }
        now = machine
            .next_wakeup()
            .unwrap_or(now + Duration::from_secs(1));
        machine.advance(now);
    }
}

/// Its hook fails: what the kubelet says of it, and does next.
#[inline(never)]
pub(crate) fn event(mut machine: PodMachine, hook: HookId) -> usize {
    let whose = Whose {
        container: "web",
        pod: "web-0_default(11111111-2222-3333-4444-555555555555)",
    };
    let argv = argv();
    let result = ExecResult {
        code: 3,
        stderr: b"connection refused".to_vec(),
        ..ExecResult::default()
    };
    let (error, output) = exec_error(&argv, &result).unwrap();
    let error = whose.exec(&argv, &error, &output);
    let now = Duration::from_secs(3);
    machine.handle(now, Input::HookDone(hook, Err(error)));
    std::iter::from_fn(|| machine.next_effect()).count()
}

fn argv() -> Vec<String> {
    ["/bin/sh", "-c", "nginx -s quit"]
        .map(str::to_owned)
        .to_vec()
}
