//! A container's start and end on the live node.

use super::{Fact, LiveNode, Started, Teller};
use crate::kubelet::timeline::{Timeline, What, Whose};
use crate::local::{Command, Isolation, LocalContainer, OnLine, Surroundings};
use podhook_lifecycle::hook_error;
use podhook_lifecycle::machine::{Input, Time};
use podhook_lifecycle::spec::ContainerIndex;
use std::path::Path;
use std::sync::Arc;

/// This program, whatever became of its file.
const OURSELVES: &str = "/proc/self/exe";

/// The code of what SIGKILL ended.
const KILLED: i32 = 137;

/// The code of what SIGTERM ended.
const TERMINATED: i32 = 143;

/// Characters of a line that are shown.
const LONGEST_LINE: usize = 4096;

impl LiveNode {
    pub(super) fn start(&mut self, index: ContainerIndex) {
        let (pod, teller) = (self.pod.clone(), self.teller.clone());
        tokio::spawn(async move {
            let Some(command) = pod.commands.get(index.0) else {
                return;
            };
            let surroundings = Surroundings {
                executable: Path::new(OURSELVES),
                folder: Path::new("/"),
                hostname: &pod.spec.pod.name,
                isolate: pod.isolate,
                volumes: pod.volumes.of(index),
                on_line: pod.shows_output.then(|| lines_to(teller.clone(), index)),
            };
            run(command, surroundings, index, &teller).await;
        });
    }

    pub(super) fn started(
        &mut self,
        at: Time,
        index: ContainerIndex,
        started: Result<Started, String>,
        timeline: &mut Timeline,
    ) -> Input {
        let started = match started {
            Ok(started) => started,
            Err(why) => return Input::Started(index, Err(hook_error::cannot_create(&why))),
        };
        if let Some(main) = self.main(index) {
            main.isolated = started.not_isolated.is_none();
            main.pid = started.pid;
            main.container = Some(started.container);
            main.runs = true;
            main.killed = false;
        }
        self.not_isolated = self.not_isolated.take().or(started.not_isolated);
        timeline.process(at, Whose::Container(index), What::Start);
        Input::Started(index, Ok(()))
    }

    pub(super) fn exited(
        &mut self,
        at: Time,
        index: ContainerIndex,
        code: i32,
        timeline: &mut Timeline,
    ) -> Input {
        let code = match code {
            TERMINATED if self.pod.placeholders.contains(&index) => 0,
            code => code,
        };
        let killed = self.main(index).is_some_and(|main| {
            main.container = None;
            main.runs = false;
            main.killed && code == KILLED
        });
        let what = match killed {
            true => What::Killed(Some(code)),
            false => What::Exit(code),
        };
        timeline.process(at, Whose::Container(index), what);
        self.cut_modules(index);
        Input::Exited(index, code)
    }

    pub(super) fn terminate(&mut self, index: ContainerIndex, timeline: &mut Timeline) {
        let now = self.teller.now();
        if let Some(container) = self.main(index).and_then(|main| main.container.as_ref()) {
            container.terminate();
            timeline.process(now, Whose::Container(index), What::SignalTerm);
        }
    }

    pub(super) fn kill(&mut self, index: ContainerIndex) {
        if let Some(main) = self.main(index)
            && let Some(container) = &main.container
        {
            container.kill();
            main.killed = true;
        }
    }

    /// Why what containers write stays on this machine; `None` where it does not.
    pub(crate) fn not_isolated(&self) -> Option<&str> {
        self.not_isolated.as_deref()
    }
}

/// From start to end.
async fn run(
    command: &Command,
    surroundings: Surroundings<'_>,
    index: ContainerIndex,
    teller: &Teller,
) {
    let (container, isolation, pid) = match LocalContainer::start(command, surroundings).await {
        Ok(started) => started,
        Err(why) => return teller.tell(Fact::Started(index, Err(why))),
    };
    let ended = container.wait();
    let started = Started {
        container: Arc::new(container),
        pid,
        not_isolated: match isolation {
            Isolation::Overlay => None,
            Isolation::None(why) => Some(why),
        },
    };
    teller.tell(Fact::Started(index, Ok(started)));
    teller.tell(Fact::Exited(index, ended.await));
}

fn lines_to(teller: Teller, index: ContainerIndex) -> OnLine {
    Box::new(move |_, line| {
        let line = String::from_utf8_lossy(line);
        let line: String = line.chars().take(LONGEST_LINE).collect();
        teller.tell(Fact::Printed(index, line));
    })
}
