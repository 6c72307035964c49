//! Whatever a pod's containers and hooks do, its life keeps to the rules, and ends.
//!
//! Pods and what becomes of them are made up at random; what must hold is looked at
//! effect by effect.

use super::{Effect, HookCall, HookId, Input, Pace, PodMachine, Time};
use crate::Hook;
use crate::spec::{
    ContainerIndex, ContainerSpec, ExecAction, Lifecycle, LifecycleHandler, PodSpec, RestartPolicy,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How long a hook takes, and whether it succeeds.
type HookPlan = Option<(u64, bool)>;

/// What becomes of one container, in milliseconds.
#[derive(Debug, Clone)]
struct Plan {
    sidecar: bool,
    post_start: HookPlan,
    pre_stop: HookPlan,
    /// When it ends by itself.
    exits: Option<u64>,
    /// When it ends after SIGTERM.
    on_term: Option<u64>,
    code: i32,
}

#[derive(Debug, Clone)]
struct Case {
    containers: Vec<Plan>,
    policy: RestartPolicy,
    grace: i64,
    delete_at: u64,
    delete_grace: Option<i64>,
}

fn hook() -> impl Strategy<Value = HookPlan> {
    prop_oneof![
        2 => Just(None),
        3 => (0_u64..5000, prop::bool::weighted(0.7)).prop_map(Some),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let times = (
        prop::option::weighted(0.3, 0_u64..8000),
        prop::option::weighted(0.7, 0_u64..4000),
    );
    let sidecar = prop::bool::weighted(0.3);
    (sidecar, hook(), hook(), times, 0..3).prop_map(
        |(sidecar, post_start, pre_stop, (exits, on_term), code)| Plan {
            sidecar,
            post_start,
            pre_stop,
            exits,
            on_term,
            code,
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let policy = prop_oneof![
        Just(RestartPolicy::Always),
        Just(RestartPolicy::OnFailure),
        Just(RestartPolicy::Never)
    ];
    let containers = prop::collection::vec(plan(), 1..5);
    let delete_grace = prop::option::of(0_i64..6);
    (containers, policy, 0_i64..6, 0_u64..40_000, delete_grace).prop_map(
        |(mut containers, policy, grace, delete_at, delete_grace)| {
            containers.sort_by_key(|plan| !plan.sidecar);
            // A pod has a container that is no sidecar.
            if let Some(last) = containers.last_mut() {
                last.sidecar = false;
            }
            Case {
                containers,
                policy,
                grace,
                delete_at,
                delete_grace,
            }
        },
    )
}

fn handler(plan: HookPlan) -> Option<LifecycleHandler> {
    plan.map(|_| LifecycleHandler {
        exec: Some(ExecAction {
            command: vec!["hook".to_owned()],
        }),
        ..LifecycleHandler::default()
    })
}

fn spec(case: &Case) -> PodSpec {
    let container = |(number, plan): (usize, &Plan)| ContainerSpec {
        name: format!("c{number}"),
        lifecycle: Some(Lifecycle {
            post_start: handler(plan.post_start),
            pre_stop: handler(plan.pre_stop),
            stop_signal: None,
        }),
        restart_policy: plan.sidecar.then_some(RestartPolicy::Always),
        ..ContainerSpec::default()
    };
    let (init, regular): (Vec<_>, Vec<_>) = case
        .containers
        .iter()
        .enumerate()
        .partition(|(_, plan)| plan.sidecar);
    PodSpec {
        restart_policy: case.policy,
        termination_grace_period_seconds: Some(case.grace),
        init_containers: init.into_iter().map(container).collect(),
        containers: regular.into_iter().map(container).collect(),
        ..PodSpec::default()
    }
}

/// What was seen of one start of a container.
#[derive(Debug, Clone, Default)]
struct Start {
    number: u32,
    runs: bool,
    killing_said: bool,
    post_starts: u32,
    post_start_failed: bool,
    pre_stops: u32,
    terms: u32,
    /// When the hook began, and how long it would be waited for.
    pre_stop: Option<(Time, Option<Duration>)>,
    pre_stop_done: bool,
    stop: Option<(Time, u64)>,
}

/// What is still to come.
enum Coming {
    Input(Input),
    /// The end of this container's start of this number.
    Exit(ContainerIndex, u32, i32),
}

struct Life<'c> {
    case: &'c Case,
    machine: PodMachine,
    now: Time,
    queue: BTreeMap<(Time, u64), Coming>,
    sequence: u64,
    starts: Vec<Start>,
    hooks: HashMap<HookId, HookCall>,
    post_start_under_way: bool,
    log: Vec<String>,
}

impl<'c> Life<'c> {
    fn new(case: &'c Case) -> Self {
        let mut life = Self {
            case,
            machine: PodMachine::new(Arc::new(spec(case)), Pace::default()),
            now: Time::ZERO,
            queue: BTreeMap::new(),
            sequence: 0,
            starts: vec![Start::default(); case.containers.len()],
            hooks: HashMap::new(),
            post_start_under_way: false,
            log: Vec::new(),
        };
        let delete_at = Duration::from_millis(case.delete_at);
        life.later(delete_at, Input::Delete(case.delete_grace));
        life
    }

    fn later(&mut self, wait: Duration, input: Input) {
        self.schedule(wait, Coming::Input(input));
    }

    fn exit_later(&mut self, wait: Duration, container: ContainerIndex, code: i32) {
        let number = self.starts[container.0].number;
        self.schedule(wait, Coming::Exit(container, number, code));
    }

    fn schedule(&mut self, wait: Duration, coming: Coming) {
        self.sequence += 1;
        self.queue.insert((self.now + wait, self.sequence), coming);
    }

    /// To the end; all effects as text.
    fn play(mut self) -> Vec<String> {
        for _ in 0..20_000 {
            while let Some(effect) = self.machine.next_effect() {
                self.log.push(format!("{:?} {effect:?}", self.now));
                self.perform(&effect);
            }
            if self.machine.is_over() {
                assert!(self.starts.iter().all(|start| !start.runs), "left running");
                return self.log;
            }
            self.step();
        }
        panic!("no end: {:#?}", self.log);
    }

    fn step(&mut self) {
        let wakeup = self.machine.next_wakeup();
        let first = self.queue.first_key_value().map(|((at, _), _)| *at);
        match (first, wakeup) {
            (Some(at), wakeup) if wakeup.is_none_or(|wakeup| at <= wakeup) => {
                self.now = self.now.max(at);
                if let Some((_, input)) = self.queue.pop_first() {
                    self.hear(input);
                }
            }
            (_, Some(wakeup)) => {
                assert!(wakeup >= self.now, "time goes back");
                self.now = wakeup;
                self.machine.advance(self.now);
            }
            (_, None) => panic!("nothing will ever happen: {:#?}", self.log),
        }
    }

    fn hear(&mut self, coming: Coming) {
        match coming {
            Coming::Exit(container, number, code) => self.exit(container, number, code),
            Coming::Input(Input::HookDone(id, result)) => self.hook_done(id, result),
            Coming::Input(input) => self.machine.handle(self.now, input),
        }
    }

    /// A main process takes the hooks in its container along (R31).
    fn exit(&mut self, container: ContainerIndex, number: u32, code: i32) {
        let start = &mut self.starts[container.0];
        if start.number != number || !start.runs {
            return;
        }
        start.runs = false;
        self.machine
            .handle(self.now, Input::Exited(container, code));
        let dying = self
            .hooks
            .values()
            .filter(|hook| hook.container == container);
        let mut dying: Vec<_> = dying.map(|hook| hook.id).collect();
        dying.sort();
        for id in dying {
            self.later(
                Duration::ZERO,
                Input::HookDone(id, Err("killed".to_owned())),
            );
        }
    }

    fn hook_done(&mut self, id: HookId, result: Result<(), String>) {
        let Some(call) = self.hooks.remove(&id) else {
            return;
        };
        match call.hook {
            Hook::PostStart => {
                self.post_start_under_way = false;
                self.starts[call.container.0].post_start_failed = result.is_err();
            }
            Hook::PreStop => self.starts[call.container.0].pre_stop_done = true,
        }
        self.machine.handle(self.now, Input::HookDone(id, result));
    }

    fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::CreateContainer(_) => {
                assert!(!self.post_start_under_way, "R11: one after the other");
            }
            Effect::StartContainer(container) => self.start(*container),
            Effect::RunHook(call) => self.run_hook(*call),
            Effect::Terminate(container) => self.terminate(*container),
            Effect::StopContainer(container, timeout) => {
                assert!(*timeout >= 2, "R37");
                self.starts[container.0].stop = Some((self.now, *timeout));
            }
            Effect::Kill(container) => self.kill(*container),
            Effect::Event(event) if event.reason == "Killing" => {
                let path = event.field_path.as_deref().unwrap_or_default();
                let index = (0..self.starts.len())
                    .find(|index| self.machine.spec().field_path(ContainerIndex(*index)) == path);
                self.starts[index.expect("a container")].killing_said = true;
            }
            Effect::StopPodSandbox
            | Effect::RunProbe(..)
            | Effect::CutHooks
            | Effect::Event(_)
            | Effect::Status(_) => {}
        }
    }

    fn start(&mut self, container: ContainerIndex) {
        assert!(!self.starts[container.0].runs, "started twice");
        self.starts[container.0] = Start {
            number: self.starts[container.0].number + 1,
            runs: true,
            ..Start::default()
        };
        self.later(Duration::ZERO, Input::Started(container, Ok(())));
        let plan = &self.case.containers[container.0];
        if let Some(after) = plan.exits {
            self.exit_later(Duration::from_millis(after), container, plan.code);
        }
    }

    fn run_hook(&mut self, call: HookCall) {
        let now = self.now;
        let start = &mut self.starts[call.container.0];
        let plan = &self.case.containers[call.container.0];
        let plan = match call.hook {
            Hook::PostStart => {
                start.post_starts += 1;
                self.post_start_under_way = true;
                assert_eq!(start.post_starts, 1, "R10: once for each start");
                assert_eq!(call.grace, None, "R14: waited for as long as it takes");
                plan.post_start
            }
            Hook::PreStop => {
                start.pre_stops += 1;
                start.pre_stop = Some((now, call.grace));
                // A failed postStart hook leads to one without a look at the container.
                assert!(start.runs || start.post_start_failed, "R24");
                assert!(start.killing_said, "R23: said before");
                assert_eq!(start.pre_stops, 1);
                plan.pre_stop
            }
        };
        let plan = plan.expect("a hook that the spec has");
        let (takes, succeeds) = match start.runs {
            true => plan,
            false => (0, false),
        };
        let result = succeeds.then_some(()).ok_or_else(|| "failed".to_owned());
        self.hooks.insert(call.id, call);
        self.later(
            Duration::from_millis(takes),
            Input::HookDone(call.id, result),
        );
    }

    fn terminate(&mut self, container: ContainerIndex) {
        let start = &mut self.starts[container.0];
        start.terms += 1;
        assert!(start.runs && start.terms == 1, "told once, while it runs");
        assert!(start.stop.is_some());
        if let Some((began, grace)) = start.pre_stop {
            let waited = grace.is_none_or(|grace| self.now >= began + grace);
            assert!(start.pre_stop_done || waited, "R26: the hook comes first");
        }
        let plan = &self.case.containers[container.0];
        if let Some(after) = plan.on_term {
            self.exit_later(Duration::from_millis(after), container, plan.code);
        }
    }

    fn kill(&mut self, container: ContainerIndex) {
        let start = &self.starts[container.0];
        let (since, timeout) = start.stop.expect("StopContainer before");
        assert!(start.runs && self.now >= since + Duration::from_secs(timeout));
        self.exit_later(Duration::ZERO, container, 137);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_life_keeps_the_rules_and_ends(case in case()) {
        let log = Life::new(&case).play();
        prop_assert_eq!(log, Life::new(&case).play());
    }
}
