//! A container's rows: its events, its process and those of its hooks.

use super::timeline::Timeline;
use std::collections::{BTreeMap, BTreeSet};

/// Events of which each must be there; of others the kubelet writes as many as it
/// happens to look.
const OURS: [&str; 5] = [
    "Created",
    "Started",
    "FailedPostStartHook",
    "FailedPreStopHook",
    "Killing",
];

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) t: f64,
    /// Rows of one track are in order; those of two may race.
    pub(super) track: String,
    pub(super) label: String,
}

/// Rows of each container in order of time; without a name: the pod's.
pub(super) type Rows = BTreeMap<Option<String>, Vec<Row>>;

pub(super) fn rows(timeline: &Timeline, end: f64) -> Rows {
    let mut rows = Rows::new();
    for (t, said) in timeline.occurrences() {
        if t > end || !OURS.contains(&&*said.reason) {
            continue;
        }
        let track = match &*said.reason {
            "FailedPreStopHook" => "preStop event",
            _ => "events",
        };
        let path = said.field_path.as_deref().unwrap_or("None");
        let label = format!("{} {} {} {path}", said.kind, said.reason, said.message);
        let track = track.to_owned();
        let name = said.container().map(str::to_owned);
        rows.entry(name).or_default().push(Row { t, track, label });
    }
    for process in &timeline.processes {
        if process.t > end || process.probe {
            continue;
        }
        let name = process.who().split('/').next().map(str::to_owned);
        rows.entry(name).or_default().push(Row {
            t: process.t,
            track: process.who().to_owned(),
            label: process.label(),
        });
    }
    for list in rows.values_mut() {
        // Adding nothing makes one of the two zeros: their order is no one's.
        list.sort_by(|one, other| (one.t + 0.0).total_cmp(&(other.t + 0.0)));
    }
    rows
}

/// Rows of one track.
pub(super) fn of_track<'r>(rows: &'r [Row], track: &'r str) -> impl Iterator<Item = &'r Row> {
    rows.iter().filter(move |row| row.track == track)
}

/// Tracks whose rows are others, or in another order.
pub(super) fn other_rows(name: &str, want: &[Row], got: &[Row]) -> Vec<String> {
    let tracks: BTreeSet<_> = want.iter().chain(got).map(|row| &row.track).collect();
    let mut other = Vec::new();
    for track in tracks {
        let labels = |rows| -> Vec<_> { of_track(rows, track).map(|row| &row.label).collect() };
        let (want, got) = (labels(want), labels(got));
        if want != got {
            other.push(format!("{name} {track}: want {want:?}, got {got:?}"));
        }
    }
    other
}

/// Containers start one after another, and in which order is a rule; that of their
/// ends is none, as they are killed side by side.
pub(super) fn order_of_starts(timeline: &Timeline, end: f64) -> Vec<(String, Option<String>)> {
    let starts = ["Created", "Started", "FailedPostStartHook"];
    let occurrences = timeline.occurrences().into_iter();
    occurrences
        .filter(|(t, said)| *t <= end && starts.contains(&&*said.reason))
        .map(|(_, said)| (said.reason, said.field_path))
        .collect()
}
