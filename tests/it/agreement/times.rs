//! When a container's rows come: each against the anchor before it.

use super::rows::{Row, of_track};
use super::{EARLY, LATE, NEAR};

/// A walk along a container's rows.
struct Walk<'w> {
    name: &'w str,
    polled: bool,
    /// How far the simulation's rows are from the recording's, at the last anchor.
    shift: f64,
    /// The same of the processes that started since, each an anchor to rows of its own.
    near: Vec<f64>,
    created: i32,
    /// When the container's last process ended.
    gone_at: Option<f64>,
    bad: &'w mut Vec<String>,
}

/// Rows that are the same otherwise; returns how far off the last of them is.
pub(super) fn judge(
    name: &str,
    shift: f64,
    polled: bool,
    want: &[Row],
    got: &[Row],
    bad: &mut Vec<String>,
) -> f64 {
    let mut walk = Walk {
        name,
        polled,
        shift,
        near: vec![shift],
        created: 0,
        gone_at: None,
        bad,
    };
    for (index, row) in want.iter().enumerate() {
        let earlier = want.iter().take(index);
        let nth = earlier.filter(|other| other.track == row.track).count();
        // The rows were found to be the same, so that there is one.
        let Some(twin) = of_track(got, &row.track).nth(nth) else {
            walk.says(format!("no row for {row:?}"));
            break;
        };
        if !walk.row(row, twin.t) {
            break;
        }
    }
    walk.shift
}

impl Walk<'_> {
    fn says(&mut self, what: String) {
        self.bad.push(what);
    }

    /// Judges a row that comes at `at`; false: nothing can be said of those after it.
    fn row(&mut self, row: &Row, at: f64) -> bool {
        let off = at - row.t;
        let label = &*row.label;
        let fits = if label.starts_with("Normal Created") {
            self.created(row, at);
            self.anchor(off);
            true
        } else if label.starts_with("Normal Killing") && !label.contains("FailedPostStartHook") {
            self.killing(row, at);
            self.anchor(off);
            true
        } else if label == "start" {
            self.start(off)
        } else {
            self.is_near(off)
        };
        if !fits {
            let Walk { name, shift, .. } = self;
            let Row { t, track, .. } = row;
            let before = format!("the rows before it: {shift:+.2}");
            let what = format!("{name} {track} {label} at {at}, kubelet {t} ({before})");
            self.says(what);
            return false;
        }
        if row.track == self.name && (label.starts_with("exit") || label.starts_with("killed")) {
            self.gone_at = Some(at);
        }
        true
    }

    fn anchor(&mut self, off: f64) {
        self.shift = off;
        self.near = vec![off];
    }

    fn is_near(&self, off: f64) -> bool {
        self.near.iter().any(|anchor| (off - anchor).abs() <= NEAR)
    }

    /// The second start is at once, later ones wait 10 s doubling to five minutes, and
    /// for the sync that sees the wait is over, up to 15 s later.
    fn created(&mut self, row: &Row, at: f64) {
        self.created += 1;
        let restart = self.created - 1;
        let off = at - row.t - self.shift;
        if let Some(gone_at) = self.gone_at.filter(|_| restart > 1) {
            let nominal = (10.0 * 2_f64.powi(restart - 2)).min(300.0);
            let gap = at - gone_at;
            if !(nominal - 0.5..=nominal + 16.0).contains(&gap) {
                let name = self.name;
                self.says(format!(
                    "{name} restart {restart} {gap:.1} s after the end, back-off {nominal} s"
                ));
            }
        } else if !(-EARLY..=LATE).contains(&off) {
            self.late(row, at);
        }
    }

    fn killing(&mut self, row: &Row, at: f64) {
        let off = at - row.t;
        let told = row.label.contains("Stopping") && !self.polled;
        let late = if told { NEAR } else { LATE };
        if !(-EARLY..=late).contains(&(off - self.shift)) && !self.is_near(off) {
            self.late(row, at);
        }
    }

    fn late(&mut self, row: &Row, at: f64) {
        let Row { t, label, .. } = row;
        let name = self.name;
        self.says(format!("{name} {label} at {at}, kubelet {t}"));
    }

    /// A process starts at worst as late as was seen; then all is counted from there.
    fn start(&mut self, off: f64) -> bool {
        let fits = (-1.0..=NEAR).contains(&(off - self.shift));
        if fits {
            self.shift = off;
            self.near.push(off);
        }
        fits
    }
}
