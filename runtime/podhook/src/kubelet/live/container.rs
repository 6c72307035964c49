//! A container's start and end on the live node.

use super::{Fact, LiveNode, Started, Teller};
use crate::kubelet::timeline::{Line, Timeline, What, Whose};
use crate::local::{Command, Isolation, KILLED, LocalContainer, OnLine, Surroundings};
use podhook_lifecycle::hook_error;
use podhook_lifecycle::machine::{Input, Time};
use podhook_lifecycle::spec::ContainerIndex;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// This program, whatever became of its file.
const OURSELVES: &str = "/proc/self/exe";

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
        let early = self.main(index).map(|main| std::mem::take(&mut main.early));
        for (at, line) in early.into_iter().flatten() {
            timeline.printed(at, index, line);
        }
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

    /// What comes before the container is said to have started is shown after.
    pub(super) fn printed(
        &mut self,
        at: Time,
        index: ContainerIndex,
        line: Line,
        timeline: &mut Timeline,
    ) {
        match self.main(index) {
            Some(main) if !main.runs => main.early.push((at, line)),
            _ => timeline.printed(at, index, line),
        }
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
    let mut lines = Lines {
        teller,
        index,
        left_out: 0,
    };
    Box::new(move |_, line| lines.take(line))
}

/// A container prints as fast as it likes; what nobody gets to print is counted.
struct Lines {
    teller: Teller,
    index: ContainerIndex,
    left_out: u64,
}

impl Lines {
    fn take(&mut self, line: &[u8]) {
        let Ok(permit) = self.teller.lines.clone().try_acquire_owned() else {
            self.left_out += 1;
            return;
        };
        self.say_what_is_left_out();
        let line = String::from_utf8_lossy(line);
        let text = line.chars().take(LONGEST_LINE).collect();
        self.tell(text, Some(permit));
    }

    fn say_what_is_left_out(&mut self) {
        let count = std::mem::take(&mut self.left_out);
        if count > 0 {
            self.tell(format!("[{count} lines left out]"), None);
        }
    }

    fn tell(&self, text: String, permit: Option<OwnedSemaphorePermit>) {
        self.teller
            .tell(Fact::Printed(self.index, Line { text, permit }));
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.say_what_is_left_out();
    }
}
