//! A node on this machine: containers are processes, the clock is real.
//!
//! Does what the machine of `podhook-lifecycle` wants done and tells it what happened;
//! decides nothing itself but when the pod is deleted, which is its user's to say.

mod account;
mod container;
mod deletion;
mod hook;
mod node;
mod probe;
mod report;
mod volumes;

use crate::handlers::exec::HookModule;
use crate::handlers::module_run::Shared;
use crate::kubelet::timeline::{Line, Timeline, What, Whose};
use crate::local::{Command, LocalContainer};
use podhook_lifecycle::Hook;
use podhook_lifecycle::machine::{HookCall, HookId, Input, ProbeId, Time};
use podhook_lifecycle::probe::ProbeAnswer;
use podhook_lifecycle::spec::expansion::environment;
use podhook_lifecycle::spec::{ContainerIndex, ContainerSpec, PodSpec};
use podhook_sandbox::Cancel;
use report::Finished;
use signal_hook::consts::SIGPIPE;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

pub(crate) use account::object as account;
pub(crate) use deletion::{Deletion, Until};
pub(crate) use volumes::Volumes;

/// A pod that can be played: everything it names was found.
pub(crate) struct LivePod {
    pub(crate) spec: Arc<PodSpec>,
    /// What each container runs, in the pod's order.
    pub(crate) commands: Vec<Command>,
    /// Those of which nothing is known, and which end well when they are told to.
    pub(crate) placeholders: HashSet<ContainerIndex>,
    /// What each container's hooks share, in the same order.
    pub(crate) shared: Vec<Shared>,
    /// Exec handlers that name a module.
    pub(crate) modules: HashMap<(ContainerIndex, Hook), Arc<HookModule>>,
    /// The pod's addresses, as far as the kubelet knows them.
    pub(crate) ips: Vec<IpAddr>,
    /// The pod's volumes, and where each container has them.
    pub(crate) volumes: Volumes,
    /// Whether to try for an overlay over `/`.
    pub(crate) isolate: bool,
    /// Whether anybody reads what containers print.
    pub(crate) shows_output: bool,
}

/// A command in a container, which has its environment and its folder.
pub(crate) fn command(argv: &[String], container: &ContainerSpec) -> Command {
    Command {
        argv: argv.to_vec(),
        env: environment(&container.env),
        working_dir: container.working_dir.clone(),
    }
}

/// Something happened, at this time.
struct News(Time, Fact);

enum Fact {
    Started(ContainerIndex, Result<Started, String>),
    Exited(ContainerIndex, i32),
    Printed(ContainerIndex, Line),
    HookStarted(HookId),
    HookDone(HookId, Box<Finished>),
    ProbeDone(ProbeId, ProbeAnswer),
    /// As was asked for beforehand, or by a signal.
    Delete,
    Signal(i32),
    /// Nobody reads what is printed.
    Unheard,
    /// All that was to be printed is.
    Written,
}

/// How many lines of containers wait to be printed; more are left out, and counted.
const LINES: usize = 1000;

/// A container whose main process runs.
struct Started {
    container: Arc<LocalContainer>,
    pid: u32,
    /// Why what it writes stays on the machine, where it does.
    not_isolated: Option<String>,
}

/// What is known of a container.
#[derive(Default)]
struct Main {
    container: Option<Arc<LocalContainer>>,
    pid: u32,
    isolated: bool,
    runs: bool,
    killed: bool,
    /// What it printed before it was said to have started.
    early: Vec<(Time, Line)>,
}

/// A hook under way.
struct RunningHook {
    call: HookCall,
    begun: (Instant, SystemTime),
    task: AbortHandle,
    /// Stops a module.
    cancel: Cancel,
}

/// A hook that died with its container, before that was said to have ended.
struct Held {
    at: Time,
    id: HookId,
    finished: Box<Finished>,
}

/// Who tells the node what happened; may be asked from any thread.
#[derive(Clone)]
pub(crate) struct Teller {
    clock: Instant,
    sender: UnboundedSender<News>,
    lines: Arc<Semaphore>,
}

impl Teller {
    fn now(&self) -> Time {
        self.clock.elapsed()
    }

    fn tell(&self, fact: Fact) {
        // A node that is gone has nothing left to be told.
        let _ = self.sender.send(News(self.now(), fact));
    }

    /// Nobody reads what is printed any more.
    pub(crate) fn unheard(&self) {
        self.tell(Fact::Unheard);
    }

    /// All that was to be printed is.
    pub(crate) fn written(&self) {
        self.tell(Fact::Written);
    }

    /// podhook was sent this signal.
    pub(crate) fn signalled(&self, signal: i32) {
        self.tell(Fact::Signal(signal));
    }
}

/// The node.
pub(crate) struct LiveNode {
    pod: Arc<LivePod>,
    deletion: Deletion,
    teller: Teller,
    news: UnboundedReceiver<News>,
    mains: Vec<Main>,
    hooks: BTreeMap<HookId, RunningHook>,
    /// Hooks that died with their container, which has yet to be said to have ended.
    held: Vec<Held>,
    /// Nothing more can be printed.
    written: bool,
    /// Why containers write to the machine itself, where they do.
    not_isolated: Option<String>,
}

impl LiveNode {
    pub(crate) fn new(pod: Arc<LivePod>, deletion: Deletion) -> Self {
        let (sender, news) = unbounded_channel();
        let clock = Instant::now();
        Self {
            mains: pod.commands.iter().map(|_| Main::default()).collect(),
            pod,
            deletion,
            teller: Teller {
                clock,
                sender,
                lines: Arc::new(Semaphore::new(LINES)),
            },
            news,
            hooks: BTreeMap::new(),
            held: Vec::new(),
            written: false,
            not_isolated: None,
        }
    }

    /// For those who have something to tell.
    pub(crate) fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// The signal that ended the run before the pod's end.
    pub(crate) fn left_by(&self) -> Option<i32> {
        self.deletion.left_by()
    }

    fn container(&self, index: ContainerIndex) -> Option<&ContainerSpec> {
        self.pod.spec.container(index)
    }

    fn main(&mut self, index: ContainerIndex) -> Option<&mut Main> {
        self.mains.get_mut(index.0)
    }

    /// What the machine is to know of it.
    fn take(&mut self, News(at, fact): News, timeline: &mut Timeline) -> Option<Input> {
        match fact {
            Fact::Started(index, started) => Some(self.started(at, index, started, timeline)),
            Fact::Exited(index, code) => Some(self.exited(at, index, code, timeline)),
            Fact::Printed(index, line) => {
                self.printed(at, index, line, timeline);
                None
            }
            Fact::HookStarted(id) => {
                let whose = self.hooks.get(&id)?.whose();
                timeline.process(at, whose, What::Start);
                None
            }
            Fact::HookDone(id, finished) => self.hook_done(at, id, finished, timeline),
            Fact::ProbeDone(id, answer) => Some(Input::ProbeDone(id, answer)),
            Fact::Delete => self.deletion.by_plan(),
            Fact::Signal(signal) => self.deletion.by_signal(signal),
            Fact::Unheard => {
                self.deletion.leave(SIGPIPE);
                None
            }
            Fact::Written => {
                self.written = true;
                None
            }
        }
    }
}

impl RunningHook {
    fn whose(&self) -> Whose {
        Whose::Hook(self.call.container, self.call.hook)
    }
}
