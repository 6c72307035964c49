//! Events that the kubelet repeats as often as it looks, and the pod's end.

use super::timeline::{Said, Timeline};
use super::{Comparison, furthest};

/// When each of a reason's events was seen first.
fn firsts(timeline: &Timeline, reason: &str, end: f64) -> Vec<(Said, f64)> {
    let mut firsts: Vec<(Said, f64)> = Vec::new();
    for (t, said) in timeline.occurrences() {
        let new = !firsts.iter().any(|(known, _)| same(known, &said));
        if said.reason == reason && t <= end && new {
            firsts.push((said, t));
        }
    }
    firsts
}

/// Whatever its type.
fn same(one: &Said, other: &Said) -> bool {
    (&one.message, &one.field_path) == (&other.message, &other.field_path)
}

fn over(timeline: &Timeline) -> Option<f64> {
    let mut statuses = timeline.statuses.iter();
    let status = statuses.find(|status| ["Succeeded", "Failed"].contains(&&*status.phase));
    status.map(|status| status.t)
}

impl Comparison<'_> {
    /// Which ones there are, and the first in its place.
    pub(super) fn repeated_events(&self, bad: &mut Vec<String>) {
        for reason in ["BackOff", "DeadlineExceeded"] {
            let want = firsts(self.want, reason, f64::INFINITY);
            let got = firsts(self.got, reason, self.end);
            let is_in =
                |list: &[(Said, f64)], said: &Said| list.iter().any(|(other, _)| same(other, said));
            for (said, _) in want.iter().filter(|(said, _)| !is_in(&got, said)) {
                bad.push(format!("no {reason} event {said:?}"));
            }
            for (said, _) in got.iter().filter(|(said, _)| !is_in(&want, said)) {
                // Whether a short wait was looked into is the kubelet's chance.
                if reason != "BackOff" {
                    bad.push(format!("unexpected {reason} event {said:?}"));
                }
            }
            for (said, t) in &got {
                let earliest = match reason {
                    "BackOff" => self.second_end(said.container()),
                    _ => 0.0,
                };
                if *t < earliest {
                    bad.push(format!(
                        "{reason} at {t}, the earliest moment for it is {earliest}"
                    ));
                }
            }
        }
    }

    /// The first restart is at once: before the second end nothing is backed off from.
    fn second_end(&self, container: Option<&str>) -> f64 {
        let mut ends = self
            .got
            .processes
            .iter()
            .filter(|process| process.container.as_deref() == container && process.is_end());
        ends.nth(1).map_or(f64::INFINITY, |process| process.t)
    }

    pub(super) fn end_of_the_pod(&self, shifts: &[f64], bad: &mut Vec<String>) {
        match (over(self.want), over(self.got)) {
            // The object was gone by then, or the kubelet still waited.
            (None, Some(got)) if got <= self.end => {
                bad.push(format!("over at {got}, where the kubelet's pod was not"));
            }
            (Some(want), Some(got)) if bad.is_empty() => {
                let off = got - want - furthest(shifts);
                if !(-3.5..=2.5).contains(&off) {
                    bad.push(format!("pod over at {got}, kubelet {want}"));
                }
            }
            _ => {}
        }
    }
}
