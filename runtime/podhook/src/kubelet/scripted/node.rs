//! The scripted node as the loop sees it: effects in, what comes next out.

use super::ScriptedNode;
use crate::kubelet::play::{Next, Node};
use crate::kubelet::timeline::Timeline;
use podhook_lifecycle::machine::{Effect, Time};

impl Node for ScriptedNode {
    fn perform(&mut self, effect: &Effect, timeline: &mut Timeline) {
        match effect {
            Effect::StartContainer(index) => self.start(*index, timeline),
            Effect::Terminate(index) => self.terminate(*index, timeline),
            Effect::Kill(index) => self.kill(*index, timeline),
            Effect::RunHook(call) => self.run_hook(*call, timeline),
            Effect::RunProbe(id, index, kind) => self.run_probe(*id, *index, *kind),
            Effect::CutHooks => self.cut_hooks(timeline),
            Effect::CreateContainer(_)
            | Effect::StopContainer(..)
            | Effect::StopPodSandbox
            | Effect::Event(_)
            | Effect::Status(_) => {}
        }
    }

    async fn next(&mut self, wakeup: Option<Time>, timeline: &mut Timeline) -> Next {
        loop {
            let due = self.queue.first_key_value().map(|((at, _), _)| *at);
            let at = match (due, wakeup) {
                (Some(due), Some(wakeup)) => due.min(wakeup),
                (Some(at), None) | (None, Some(at)) => at,
                (None, None) => return Next::End,
            };
            self.steps_left = self.steps_left.saturating_sub(1);
            if at > self.horizon || self.steps_left == 0 {
                return Next::End;
            }
            self.now = self.now.max(at);
            if due != Some(at) {
                return Next::Time(self.now);
            }
            if let Some((_, coming)) = self.queue.pop_first()
                && let Some(input) = self.come(coming, timeline)
            {
                return Next::Input(self.now, input);
            }
        }
    }

    fn now(&self) -> Time {
        self.now
    }
}
