//! What is shown of the pod: the kubelet's statuses in its order, and nothing earlier.

use super::Comparison;
use super::timeline::{Shown, Status, Timeline, plain};

const LOOPS: &str = "CrashLoopBackOff";
/// Longer messages are cut by the kubelet, at a place of no interest here.
const LONGEST_MESSAGE: usize = 6000;

/// What of a container's status is compared.
#[derive(Debug, PartialEq)]
struct Face<'s> {
    name: &'s str,
    state: &'s str,
    reason: Option<&'s str>,
    exit_code: Option<i64>,
    ready: bool,
    started: bool,
    restarts: u32,
}

#[derive(Debug)]
struct Key<'s> {
    phase: &'s str,
    faces: Vec<Face<'s>>,
    messages: Vec<Option<String>>,
}

impl<'s> Key<'s> {
    fn of(status: &'s Status) -> Self {
        let containers = status.containers.iter();
        let face = |(name, shown): (&'s String, &'s Shown)| Face {
            name,
            state: &shown.state,
            reason: shown.reason.as_deref(),
            exit_code: shown.exit_code,
            ready: shown.ready.unwrap_or_default(),
            started: shown.started.unwrap_or_default(),
            restarts: shown.restart_count.unwrap_or_default(),
        };
        Self {
            phase: &status.phase,
            faces: containers.map(face).collect(),
            messages: status.containers.values().map(message).collect(),
        }
    }

    /// In a loop; it comes and goes with the kubelet's syncs.
    fn loops(&self) -> bool {
        self.faces.iter().any(|face| face.reason == Some(LOOPS))
    }

    /// A message that one side does not show, or shows cut, is taken for the same.
    fn agrees(&self, other: &Self) -> bool {
        let mut messages = self.messages.iter().zip(&other.messages);
        self.phase == other.phase
            && self.faces == other.faces
            && messages.all(|(one, other)| one.is_none() || other.is_none() || one == other)
    }
}

fn message(shown: &Shown) -> Option<String> {
    let message = shown.message.as_deref()?;
    let failed = shown.reason.as_deref() == Some("PostStartHookError");
    let whole = !message.is_empty() && message.chars().count() < LONGEST_MESSAGE;
    (failed && whole).then(|| plain(message))
}

/// A container since one of its starts, running or ready.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Up<'s> {
    name: &'s str,
    restart: u32,
    ready: bool,
}

/// When each was shown first.
fn firsts(timeline: &Timeline) -> Vec<(Up<'_>, f64)> {
    let mut firsts: Vec<(Up<'_>, f64)> = Vec::new();
    for status in &timeline.statuses {
        let containers = status.containers.iter();
        for (name, shown) in containers.filter(|(_, shown)| shown.state == "running") {
            let up = Up {
                name,
                restart: shown.restart_count.unwrap_or_default(),
                ready: shown.ready.unwrap_or_default(),
            };
            if !firsts.iter().any(|(known, _)| *known == up) {
                firsts.push((up, status.t));
            }
        }
    }
    firsts
}

impl Comparison<'_> {
    pub(super) fn statuses(&self, bad: &mut Vec<String>) {
        self.all_reached(bad);
        self.nothing_earlier(bad);
    }

    fn all_reached(&self, bad: &mut Vec<String>) {
        let shown: Vec<_> = self.got.statuses.iter().map(Key::of).collect();
        let mut from = 0;
        for want in self.want.statuses.iter().map(Key::of) {
            if want.loops() {
                if shown.iter().any(Key::loops) {
                    continue;
                }
                bad.push(format!("{LOOPS} never shown"));
                return;
            }
            let mut rest = shown.iter().skip(from);
            let Some(steps) = rest.position(|got| want.agrees(got)) else {
                let next: Vec<_> = shown.iter().skip(from).take(4).collect();
                bad.push(format!(
                    "status {want:?} not reached in order; from there on: {next:?}"
                ));
                return;
            };
            from += steps;
        }
    }

    /// Nothing is shown running or ready that the kubelet did not show so, nor sooner
    /// after its start than it did.
    fn nothing_earlier(&self, bad: &mut Vec<String>) {
        let known = firsts(self.want);
        let find = |up: Up<'_>| known.iter().find(|(other, _)| *other == up);
        let slack = 1.0;
        // A kubelet that just started looks at its pods a while later.
        let slow = if self.restarted { 0.9 } else { 0.0 };
        for (up, t) in firsts(self.got) {
            let Up { name, restart, .. } = up;
            if t > self.end {
                continue;
            }
            // One status may have told of both.
            let Some((_, shown)) = find(up).or_else(|| find(Up { ready: true, ..up })) else {
                bad.push(format!("{up:?} shown at {t}, never so by the kubelet"));
                continue;
            };
            let start = |timeline: &Timeline| timeline.start_of(name, restart);
            let (Some(theirs), Some(ours)) = (start(self.want), start(self.got)) else {
                continue;
            };
            let (ours, theirs) = (t - ours, shown - theirs);
            if ours < theirs - slack - slow {
                bad.push(format!(
                    "{up:?} shown {ours:.2} s after its start, by the kubelet {theirs:.2} s"
                ));
            }
        }
    }
}
