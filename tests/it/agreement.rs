//! Whether a simulated life of a pod agrees with the one that a real kubelet gave it.
//!
//! Rows of one container (its events, its process, its hooks' processes) must be the
//! same rows in the same order. Times are compared piecewise. A few rows are when the
//! kubelet gets round to something: its relist every second, a probe's tick, a jittered
//! back-off, its own start. Those anchors have some slack; between them all follows
//! from the rules, and keeps its distance from the anchor. A simulation may be prompter
//! than a kubelet that was seen to be late, never the other way round.

mod ends;
mod faults;
mod rows;
mod statuses;
mod timeline;
mod times;

use rows::{order_of_starts, rows};
use serde_json::Value;
use std::collections::BTreeSet;
use timeline::Timeline;

/// Seconds within which a row keeps its distance from the anchor before it.
const NEAR: f64 = 0.4;
/// How much later an anchor may come than in the recording.
const LATE: f64 = 1.3;
/// How much earlier.
const EARLY: f64 = 1.6;

/// Each way in which a simulation's output differs from what the recorded kubelet did;
/// none where they agree. What cannot be read is a difference as well.
pub(crate) fn disagreements(recording: &Value, simulated: &Value) -> Vec<String> {
    let expected = &recording["expect"];
    if let Some(refusals) = expected.get("rejected") {
        return refused_otherwise(refusals, &simulated["rejected"]);
    }
    let refusals = &simulated["rejected"];
    if !refusals.is_null() && !refusals.as_array().is_some_and(Vec::is_empty) {
        return vec![format!("rejected: {refusals}")];
    }
    let read = |what: &str, value: &Value| {
        Timeline::read(value).map_err(|why| vec![format!("{what} cannot be read: {why}")])
    };
    match (read("recording", expected), read("output", simulated)) {
        (Ok(want), Ok(got)) => Comparison::new(recording, &want, &got).disagreements(),
        (Err(why), _) | (_, Err(why)) => why,
    }
}

fn refused_otherwise(want: &Value, got: &Value) -> Vec<String> {
    let list = |value: &Value| -> Option<Vec<String>> {
        let texts = value.as_array()?.iter();
        texts.map(|text| Some(refusal(text.as_str()?))).collect()
    };
    match (list(want), list(got)) {
        (Some(wanted), Some(gotten)) if wanted == gotten => Vec::new(),
        _ => vec![format!("rejected: want {want}, got {got}")],
    }
}

/// Without the API server's head, which names the pod.
fn refusal(text: &str) -> String {
    let headless = text.strip_prefix("Pod \"").and_then(|rest| {
        let (_, after) = rest.split_once('"')?;
        after.strip_prefix(" is invalid: ")
    });
    timeline::spaced(headless.unwrap_or(text))
}

/// What both sides are judged by.
struct Comparison<'c> {
    want: &'c Timeline,
    got: &'c Timeline,
    /// Killing waits for something that the kubelet polls for.
    polled: bool,
    /// The kubelet was started anew.
    restarted: bool,
    /// The recording's end.
    until: f64,
    /// Until when rows of the simulation are looked at: restarts may drift by some
    /// seconds against the recording.
    end: f64,
}

impl<'c> Comparison<'c> {
    fn new(recording: &Value, want: &'c Timeline, got: &'c Timeline) -> Self {
        let until = want.end();
        let actions = recording["scenario"]["actions"].as_array();
        let mut actions = actions.into_iter().flatten();
        let restarted = actions.any(|action| action.get("startKubelet").is_some());
        Self {
            want,
            got,
            polled: restarted || is_polled(&recording["pod"]["spec"]),
            restarted,
            until,
            end: until + 3.0 + 20.0 * want.most_restarts(),
        }
    }

    fn disagreements(&self) -> Vec<String> {
        let mut bad = Vec::new();
        let shifts = self.containers(&mut bad);
        let order = |timeline| order_of_starts(timeline, self.end);
        let (want, got) = (order(self.want), order(self.got));
        if bad.is_empty() && want != got {
            bad.push(format!(
                "starts in another order: want {want:?}, got {got:?}"
            ));
        }
        self.repeated_events(&mut bad);
        self.statuses(&mut bad);
        self.end_of_the_pod(&shifts, &mut bad);
        bad
    }

    /// Container by container, in the order of their first rows; returns how far the
    /// last rows of each are off, as later containers start where earlier ones are.
    fn containers(&self, bad: &mut Vec<String>) -> Vec<f64> {
        let wanted = rows(self.want, self.until);
        let gotten = rows(self.got, self.end);
        let names: BTreeSet<_> = wanted.keys().chain(gotten.keys()).collect();
        let mut order: Vec<_> = names
            .into_iter()
            .map(|name| {
                let first = wanted.get(name).or(gotten.get(name));
                let first = first.and_then(|rows| rows.first());
                (first.map_or(0.0, |row| row.t), name)
            })
            .collect();
        order.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut shifts = Vec::new();
        for (_, name) in order {
            let side = |all: &rows::Rows| all.get(name).cloned().unwrap_or_default();
            let (want, got) = (side(&wanted), side(&gotten));
            let name = name.as_deref().unwrap_or("the pod");
            let other = rows::other_rows(name, &want, &got);
            if !other.is_empty() {
                bad.extend(other);
                continue;
            }
            let shift = match wanted.len() {
                0 | 1 => 0.0,
                _ => furthest(&shifts),
            };
            shifts.push(times::judge(
                name,
                shift,
                self.polled,
                &want,
                &got,
                &mut *bad,
            ));
        }
        shifts
    }
}

/// The first of those that are furthest from nothing.
fn furthest(shifts: &[f64]) -> f64 {
    let start = shifts.first().copied().unwrap_or_default();
    shifts
        .iter()
        .fold(start, |far, shift| match shift.abs() > far.abs() {
            true => *shift,
            false => far,
        })
}

/// A probe, a deadline or the end of the main containers is what killing waits for.
fn is_polled(spec: &Value) -> bool {
    let some = |list: &str| spec[list].as_array().cloned().unwrap_or_default();
    let inits = some("initContainers");
    let deadline = !spec["activeDeadlineSeconds"].is_null();
    let probed = inits.iter().chain(&some("containers")).any(|container| {
        ["livenessProbe", "startupProbe"]
            .iter()
            .any(|probe| container.get(probe).is_some())
    });
    probed || deadline || !inits.is_empty()
}
