//! A node whose processes follow a script, and whose clock jumps from one thing to
//! the next: hours pass in milliseconds, and the result is the same every time.

mod node;

use crate::kubelet::scenario::{Behaviour, Deed, OnTerm, Scenario};
use crate::kubelet::script::result;
use crate::kubelet::timeline::{Timeline, What, Whose};
use podhook_lifecycle::hook_error::{self, ExecResult};
use podhook_lifecycle::machine::{HookCall, HookId, Input, Time};
use podhook_lifecycle::probe::{ProbeAnswer, ProbeKind};
use podhook_lifecycle::quote::quote;
use podhook_lifecycle::spec::{Action, ContainerIndex, ExecAction, HttpGetAction, PodSpec};
use podhook_lifecycle::{Hook, port};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// What is still to come, in order.
#[derive(Debug)]
enum Coming {
    Input(Input),
    /// A main process ends by itself, or after SIGTERM; the start it belongs to.
    Exit(ContainerIndex, u32, i32),
    /// An exec'd hook ends by itself.
    HookExit(HookId),
    Deed(Deed),
}

/// A main process.
#[derive(Debug, Clone, Default)]
struct Main {
    starts: u32,
    runs: bool,
    behaviour: Behaviour,
    /// It will have ended by this time.
    ends_at: Option<Time>,
}

/// An exec'd hook that runs.
#[derive(Debug)]
struct RunningHook {
    container: ContainerIndex,
    hook: Hook,
    argv: Vec<String>,
    result: ExecResult,
}

/// The node.
pub(crate) struct ScriptedNode {
    spec: Arc<PodSpec>,
    scenario: Scenario,
    now: Time,
    mains: Vec<Main>,
    hooks: HashMap<HookId, RunningHook>,
    /// Sleeps and requests under way.
    waiting: Vec<HookId>,
    queue: BTreeMap<(Time, u64), Coming>,
    sequence: u64,
    /// Nobody looks any further.
    horizon: Time,
    steps_left: u64,
}

/// How long a pod that nobody deletes is looked at after the last action, and one that
/// was deleted.
const LOOK_ON: Duration = Duration::from_secs(3600);
const LOOK_ON_DELETED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Enough for a week of probes each second; a scenario that takes more goes nowhere.
const MOST_STEPS: u64 = 5_000_000;

impl ScriptedNode {
    /// `created_at`: when the first container will be created, which is when the
    /// scenario's clock begins.
    pub(crate) fn new(spec: Arc<PodSpec>, scenario: Scenario, created_at: Time) -> Self {
        let containers = spec.all().count();
        let mut node = Self {
            spec,
            now: Time::ZERO,
            mains: vec![Main::default(); containers],
            hooks: HashMap::new(),
            waiting: Vec::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            horizon: created_at + LOOK_ON,
            steps_left: MOST_STEPS,
            scenario,
        };
        for action in node.scenario.actions.clone() {
            if let (None, Some(deed)) = (&action.after, action.deed()) {
                node.schedule_deed(created_at + action.at_seconds.0, deed);
            }
        }
        node
    }

    fn schedule(&mut self, at: Time, coming: Coming) -> u64 {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), coming);
        self.sequence
    }

    fn input(&mut self, at: Time, input: Input) {
        self.schedule(at, Coming::Input(input));
    }

    fn schedule_deed(&mut self, at: Time, deed: Deed) {
        let look_on = match deed {
            Deed::Delete(_) => LOOK_ON_DELETED,
            Deed::StopKubelet | Deed::StartKubelet => LOOK_ON,
        };
        self.horizon = self.horizon.max(at + look_on);
        self.schedule(at, Coming::Deed(deed));
    }

    fn main(&mut self, index: ContainerIndex) -> Option<&mut Main> {
        self.mains.get_mut(index.0)
    }

    fn start(&mut self, index: ContainerIndex, timeline: &mut Timeline) {
        let now = self.now;
        let start = self.main(index).map_or(1, |main| main.starts + 1);
        let behaviour = self.scenario.behaviour(&self.spec, index, start);
        let ends_at = behaviour.exits_after_seconds.map(|after| now + after.0);
        let code = behaviour.exit_code;
        if let Some(main) = self.main(index) {
            *main = Main {
                starts: start,
                runs: true,
                behaviour,
                ends_at,
            };
        }
        timeline.process(now, Whose::Container(index), What::Start);
        self.input(now, Input::Started(index, Ok(())));
        if let Some(at) = ends_at {
            self.schedule(at, Coming::Exit(index, start, code));
        }
        self.schedule_actions_after(index, start);
    }

    fn schedule_actions_after(&mut self, index: ContainerIndex, start: u32) {
        let name = self.spec.container(index).map(|spec| spec.name.clone());
        let due: Vec<_> = self
            .scenario
            .actions
            .iter()
            .filter(|action| {
                action.after.as_ref().is_some_and(|after| {
                    Some(&after.container) == name.as_ref() && after.start == start
                })
            })
            .filter_map(|action| Some((self.now + action.at_seconds.0, action.deed()?)))
            .collect();
        for (at, deed) in due {
            self.schedule_deed(at, deed);
        }
    }

    fn terminate(&mut self, index: ContainerIndex, timeline: &mut Timeline) {
        let now = self.now;
        let Some(main) = self.main(index).filter(|main| main.runs) else {
            return;
        };
        let (start, on_term) = (main.starts, main.behaviour.on_term);
        timeline.process(now, Whose::Container(index), What::SignalTerm);
        if let OnTerm::Exits(exits) = on_term {
            let at = now + exits.exits_after_seconds.0;
            self.schedule(at, Coming::Exit(index, start, exits.exit_code));
        }
    }

    fn kill(&mut self, index: ContainerIndex, timeline: &mut Timeline) {
        if self.mains.get(index.0).is_some_and(|main| main.runs) {
            let killed = What::Killed(Some(137));
            timeline.process(self.now, Whose::Container(index), killed);
            self.ended(index, 137, timeline);
        }
    }

    /// A main process that ended takes the hooks in its container along (R31).
    fn ended(&mut self, index: ContainerIndex, code: i32, timeline: &mut Timeline) {
        if let Some(main) = self.main(index) {
            main.runs = false;
        }
        self.input(self.now, Input::Exited(index, code));
        let mut dying: Vec<_> = self
            .hooks
            .iter()
            .filter(|(_, hook)| hook.container == index)
            .map(|(id, _)| *id)
            .collect();
        dying.sort_unstable();
        for id in dying {
            self.hook_killed(id, timeline);
        }
    }

    fn hook_killed(&mut self, id: HookId, timeline: &mut Timeline) {
        if let Some(mut hook) = self.hooks.remove(&id) {
            let whose = Whose::Hook(hook.container, hook.hook);
            timeline.process(self.now, whose, What::Killed(None));
            hook.result.code = 137;
            let result = self.exec_result(&hook);
            self.input(self.now, Input::HookDone(id, result));
        }
    }

    fn exec_result(&self, hook: &RunningHook) -> Result<(), String> {
        match hook_error::exec_error(&hook.argv, &hook.result) {
            None => Ok(()),
            Some((error, output)) => Err(self.whose(hook.container, |whose| {
                whose.exec(&hook.argv, &error, &output)
            })),
        }
    }

    fn whose(
        &self,
        index: ContainerIndex,
        text: impl FnOnce(hook_error::Whose<'_>) -> String,
    ) -> String {
        text(hook_error::Whose {
            container: self.spec.container(index).map_or("", |spec| &spec.name),
            pod: &self.spec.full_name(),
        })
    }

    fn run_hook(&mut self, call: HookCall, timeline: &mut Timeline) {
        let spec = self.spec.clone();
        let handler = spec
            .container(call.container)
            .and_then(|container| container.lifecycle.as_ref())
            .and_then(|lifecycle| lifecycle.handler(call.hook));
        match handler.map(podhook_lifecycle::spec::LifecycleHandler::action) {
            None => self.input(self.now, Input::HookDone(call.id, Ok(()))),
            Some(Action::Exec(action)) => self.exec_hook(call, action, timeline),
            Some(Action::HttpGet(action)) => self.http_hook(call, action),
            Some(Action::Sleep(action)) => {
                let wait = Duration::from_secs(u64::try_from(action.seconds).unwrap_or(0));
                self.finish_later(call.id, Some(wait), Ok(()));
            }
            Some(Action::Invalid(handler)) => {
                let error = hook_error::invalid_handler(handler);
                self.input(self.now, Input::HookDone(call.id, Err(error)));
            }
        }
    }

    fn finish_later(&mut self, id: HookId, takes: Option<Duration>, result: Result<(), String>) {
        self.waiting.push(id);
        if let Some(takes) = takes {
            self.input(self.now + takes, Input::HookDone(id, result));
        }
    }

    fn exec_hook(&mut self, call: HookCall, action: &ExecAction, timeline: &mut Timeline) {
        let argv = &action.command;
        let script = self.scenario.script(argv);
        let dead = self
            .mains
            .get(call.container.0)
            .is_none_or(|main| !main.runs || main.ends_at.is_some_and(|at| at <= self.now));
        let refused = match (
            dead,
            script
                .as_ref()
                .and_then(|script| script.cannot_start.as_ref()),
        ) {
            (true, _) => Some(hook_error::not_running()),
            (false, Some(why)) => {
                let id = format!("{:064x}", self.sequence);
                let program = argv.first().map_or("", String::as_str);
                let why = format!("exec: {}: {why}", quote(program.as_bytes()));
                Some(hook_error::cannot_start(&why, &id))
            }
            (false, None) => None,
        };
        if let Some(error) = refused {
            let error = self.whose(call.container, |whose| whose.exec(argv, &error, b""));
            return self.input(self.now, Input::HookDone(call.id, Err(error)));
        }
        timeline.process(
            self.now,
            Whose::Hook(call.container, call.hook),
            What::Start,
        );
        let takes = script
            .as_ref()
            .map_or(Some(Duration::ZERO), |script| script.takes_seconds);
        let hook = RunningHook {
            container: call.container,
            hook: call.hook,
            argv: argv.clone(),
            result: script.as_ref().map(result).unwrap_or_default(),
        };
        self.hooks.insert(call.id, hook);
        if let Some(takes) = takes {
            self.schedule(self.now + takes, Coming::HookExit(call.id));
        }
    }

    fn hook_exits(&mut self, id: HookId, timeline: &mut Timeline) {
        if let Some(hook) = self.hooks.remove(&id) {
            let whose = Whose::Hook(hook.container, hook.hook);
            timeline.process(self.now, whose, What::Exit(hook.result.code));
            let result = self.exec_result(&hook);
            self.input(self.now, Input::HookDone(id, result));
        }
    }

    /// R45, R48: a port that cannot be resolved fails before anything is sent; any
    /// answer is a success.
    fn http_hook(&mut self, call: HookCall, action: &HttpGetAction) {
        let spec = self.spec.clone();
        let ports = spec.container(call.container).map(|spec| &spec.ports[..]);
        let path = action.path.as_deref().unwrap_or_default();
        let answer = match port::resolve(&action.port, ports.unwrap_or_default()) {
            Err(error) => (Some(Duration::ZERO), Some(error)),
            Ok(port) => self.scenario.answer(action, port),
        };
        let result = match answer.1 {
            None => Ok(()),
            Some(error) => Err(self.whose(call.container, |whose| whose.http_get(path, &error))),
        };
        self.finish_later(call.id, answer.0, result);
    }

    fn run_probe(
        &mut self,
        id: podhook_lifecycle::machine::ProbeId,
        index: ContainerIndex,
        kind: ProbeKind,
    ) {
        let spec = self.spec.clone();
        let container = spec.container(index);
        let probe = container.and_then(|container| container.probe(kind));
        let Some(probe) = probe else { return };
        let ports = spec.container(index).map(|spec| &spec.ports[..]);
        let (takes, answer) = self.scenario.probe_answer(probe, ports.unwrap_or_default());
        let timeout = Duration::from_secs(u64::from(probe.timeout_seconds));
        let in_time = takes.filter(|takes| *takes <= timeout);
        let answer = match in_time {
            Some(_) => answer,
            None => ProbeAnswer::Failure(format!("command timed out after {timeout:?}")),
        };
        let at = self.now + in_time.unwrap_or(timeout);
        self.input(at, Input::ProbeDone(id, answer));
    }

    /// The kubelet is gone: what it had exec'd is killed, what it waited for itself
    /// is forgotten (§2.8, §4.12).
    fn cut_hooks(&mut self, timeline: &mut Timeline) {
        let mut running: Vec<_> = self.hooks.keys().copied().collect();
        running.sort_unstable();
        for id in running {
            if let Some(hook) = self.hooks.remove(&id) {
                let whose = Whose::Hook(hook.container, hook.hook);
                timeline.process(self.now, whose, What::Killed(None));
            }
        }
        let forgotten = std::mem::take(&mut self.waiting);
        self.queue.retain(|_, coming| match coming {
            Coming::Input(Input::HookDone(id, _)) => !forgotten.contains(id),
            Coming::Input(Input::ProbeDone(..)) => false,
            Coming::Input(_) | Coming::Exit(..) | Coming::HookExit(_) | Coming::Deed(_) => true,
        });
    }

    /// What has come; `None`: something that nobody waits for any more.
    fn come(&mut self, coming: Coming, timeline: &mut Timeline) -> Option<Input> {
        match coming {
            Coming::Input(input) => {
                if let Input::HookDone(id, _) = &input {
                    self.waiting.retain(|waiting| waiting != id);
                }
                Some(input)
            }
            Coming::Exit(index, start, code) => {
                let alive = |main: &Main| main.runs && main.starts == start;
                if self.mains.get(index.0).is_some_and(alive) {
                    timeline.process(self.now, Whose::Container(index), What::Exit(code));
                    self.ended(index, code, timeline);
                }
                None
            }
            Coming::HookExit(id) => {
                self.hook_exits(id, timeline);
                None
            }
            Coming::Deed(Deed::Delete(grace)) => Some(Input::Delete(grace)),
            Coming::Deed(Deed::StopKubelet) => Some(Input::StopKubelet),
            Coming::Deed(Deed::StartKubelet) => Some(Input::StartKubelet),
        }
    }
}
