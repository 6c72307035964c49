//! The live node as the loop sees it: effects in, what comes next out.

use super::{Fact, LiveNode, News};
use crate::kubelet::play::{Next, Node};
use crate::kubelet::timeline::Timeline;
use podhook_lifecycle::machine::{Effect, Time};
use podhook_lifecycle::spec::ContainerIndex;
use signal_hook::consts::SIGPIPE;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long to wait for the last words of hooks that were killed, and for a reader of what
/// nobody waits for.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Node for LiveNode {
    fn perform(&mut self, effect: &Effect, timeline: &mut Timeline) {
        match effect {
            Effect::CreateContainer(_) => self.delete_later(),
            Effect::StartContainer(index) => self.start(*index),
            Effect::Terminate(index) => self.terminate(*index, timeline),
            Effect::Kill(index) => self.kill(*index),
            Effect::RunHook(call) => self.run_hook(*call),
            Effect::RunProbe(id, index, kind) => self.run_probe(*id, *index, *kind),
            Effect::Status(status) => {
                if self.deletion.is_due(status, &self.pod.spec) {
                    self.teller.tell(Fact::Delete);
                }
            }
            // Nobody stops this kubelet; the network is the machine's.
            Effect::CutHooks
            | Effect::StopContainer(..)
            | Effect::StopPodSandbox
            | Effect::Event(_) => {}
        }
    }

    async fn next(&mut self, wakeup: Option<Time>, timeline: &mut Timeline) -> Next {
        loop {
            timeline.settled();
            let Some(News(at, fact)) = self.receive(wakeup).await else {
                return Next::Time(self.now());
            };
            let input = self.take(News(at, fact), timeline);
            if self.left_by().is_some() {
                return Next::End;
            }
            if let Some(input) = input {
                return Next::Input(at, input);
            }
        }
    }

    fn now(&self) -> Time {
        self.teller.now()
    }
}

impl LiveNode {
    /// The next news, if there is any before `wakeup`.
    async fn receive(&mut self, wakeup: Option<Time>) -> Option<News> {
        if let Some(news) = self.next_held() {
            return Some(news);
        }
        // What is too far away for a clock never comes.
        let at = wakeup.and_then(|at| self.teller.clock.checked_add(at));
        match at {
            Some(at) => timeout_at(Instant::from_std(at), self.news.recv())
                .await
                .ok()
                .flatten(),
            None => self.news.recv().await,
        }
    }

    /// `--delete-after` counts as scenarios do, from the first container's creation.
    fn delete_later(&mut self) {
        let Some(after) = self.deletion.after.take() else {
            return;
        };
        let teller = self.teller.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            teller.tell(Fact::Delete);
        });
    }

    /// The pod is over, or nobody waits for it: what still runs is ended and reported.
    pub(crate) async fn finish(&mut self, timeline: &mut Timeline) {
        for index in 0..self.mains.len() {
            self.kill(ContainerIndex(index));
        }
        self.abandon_hooks(timeline);
        let until = self.now() + LAST_WORDS;
        while !self.hooks.is_empty() || self.mains.iter().any(|main| main.runs) {
            let Some(news) = self.receive(Some(until)).await else {
                break;
            };
            self.take(news, timeline);
        }
        timeline.over();
    }
    /// Until all that was printed is written, or somebody has had enough of waiting.
    pub(crate) async fn wait_until_written(&mut self) {
        let patience = self.left_by().map(|_| self.now() + LAST_WORDS);
        while !self.written {
            let Some(News(_, fact)) = self.receive(patience).await else {
                return;
            };
            match fact {
                Fact::Written => self.written = true,
                Fact::Unheard => self.deletion.leave(SIGPIPE),
                Fact::Signal(signal) => return self.deletion.leave(signal),
                Fact::Started(..)
                | Fact::Exited(..)
                | Fact::Printed(..)
                | Fact::HookStarted(_)
                | Fact::HookDone(..)
                | Fact::ProbeDone(..)
                | Fact::Delete => {}
            }
        }
    }
}
