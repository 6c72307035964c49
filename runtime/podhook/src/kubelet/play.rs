//! The loop between machine and node.

use crate::kubelet::timeline::Timeline;
use podhook_lifecycle::machine::{Effect, Input, PodMachine, Time};

/// What a node has to tell.
#[derive(Debug)]
pub(crate) enum Next {
    /// Something happened.
    Input(Time, Input),
    /// The time asked for has come.
    Time(Time),
    /// Nothing will ever happen again, or nobody wants to see it.
    End,
}

/// Where containers and hooks run, and what time it is there.
pub(crate) trait Node {
    /// Does what the machine wants done, now.
    fn perform(&mut self, effect: &Effect, timeline: &mut Timeline);

    /// Waits for what comes next, until `wakeup` at the latest. What happens at that
    /// very moment comes before it.
    async fn next(&mut self, wakeup: Option<Time>, timeline: &mut Timeline) -> Next;

    /// The time.
    fn now(&self) -> Time;
}

/// Plays until the pod is over, or nothing more can happen.
pub(crate) async fn play(machine: &mut PodMachine, node: &mut impl Node, timeline: &mut Timeline) {
    loop {
        while let Some(effect) = machine.next_effect() {
            timeline.record(node.now(), &effect);
            node.perform(&effect, timeline);
        }
        if machine.is_over() {
            return;
        }
        match node.next(machine.next_wakeup(), timeline).await {
            Next::Input(now, input) => machine.handle(now, input),
            Next::Time(now) => machine.advance(now),
            Next::End => return,
        }
    }
}
