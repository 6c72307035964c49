//! The figures of one bench.

use super::machine::Machine;
use super::samples::Samples;
use super::way::ALL;
use super::workers::Workers;
use serde::{Deserialize, Serialize};

/// What `-o json` prints, and `--compare` reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) machine: Machine,
    /// What was run.
    pub(crate) hook: String,
    pub(crate) rows: Vec<Row>,
    /// What further workers add.
    #[serde(default)]
    pub(crate) workers: Vec<Workers>,
    pub(crate) skipped: Vec<Skipped>,
}

/// One way to run it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// For a person.
    pub(crate) what: String,
    /// Measurements behind it.
    pub(crate) runs: usize,
    pub(crate) wall_us: Wall,
    pub(crate) cpu_us: Cpu,
    /// Of the process; of what runs in podhook's own, of the hook.
    pub(crate) peak_bytes: u64,
    /// Of medians; `null` where `sh` was not measured.
    pub(crate) ratio_to_sh: Option<f64>,
}

/// Microseconds of wall-clock time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Wall {
    pub(crate) p10: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
}

/// Microseconds of CPU time, user and system.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cpu {
    pub(crate) p50: f64,
}

/// A way that this machine does not have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Skipped {
    pub(crate) name: String,
    pub(crate) why: String,
}

impl Skipped {
    pub(super) fn new(name: &str, why: String) -> Self {
        Self {
            name: name.to_owned(),
            why,
        }
    }
}

impl Row {
    pub(super) fn new(name: &str, what: &str, samples: &Samples) -> Self {
        let wall = |per_cent| rounded(samples.wall_quantile(per_cent));
        Self {
            name: name.to_owned(),
            what: what.to_owned(),
            runs: samples.runs(),
            wall_us: Wall {
                p10: wall(10),
                p50: wall(50),
                p90: wall(90),
                p99: wall(99),
            },
            cpu_us: Cpu {
                p50: rounded(samples.cpu_quantile(50)),
            },
            peak_bytes: samples.peak_bytes(),
            ratio_to_sh: None,
        }
    }

    /// How far measurements lie apart, most of them.
    pub(crate) fn spread(&self) -> f64 {
        self.wall_us.p90 - self.wall_us.p10
    }
}

#[expect(clippy::indexing_slicing, reason = "as long as each other")]
const fn names() -> [&'static str; ALL.len()] {
    let mut names = [""; ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        names[at] = ALL[at].0;
        at += 1;
    }
    names
}

/// To a hundredth: clocks know no better.
fn rounded(micros: f64) -> f64 {
    (micros * 100.0).round() / 100.0
}

impl Figures {
    /// What [`Figures::workers`] goes by.
    pub(crate) const WORKERS: &str = "workers";

    /// Of all rows that there can be.
    pub(crate) const NAMES: [&str; ALL.len()] = names();

    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    pub(super) fn skip(&mut self, name: &str, why: String) {
        self.skipped.push(Skipped::new(name, why));
    }

    /// Hooks per second of so many.
    pub(crate) fn workers(&self, count: usize) -> Option<f64> {
        let mut all = self.workers.iter();
        let found = all.find(|row| row.workers == count);
        found.map(|row| row.hooks_per_second)
    }

    pub(super) fn relate(&mut self) {
        let Some(sh) = self.row("sh").map(|row| row.wall_us.p50) else {
            return;
        };
        for row in &mut self.rows {
            row.ratio_to_sh = (sh > 0.0).then(|| (row.wall_us.p50 / sh * 1e4).round() / 1e4);
        }
    }

    /// Pairs that differ by less than their measurements do; with `sh`, which all are
    /// compared to.
    pub(crate) fn unsure(&self) -> Vec<String> {
        let Some(sh) = self.row("sh") else {
            return Vec::new();
        };
        let others = self.rows.iter().filter(|row| row.name != "sh");
        let unsure = others.filter(|row| {
            let difference = (row.wall_us.p50 - sh.wall_us.p50).abs();
            difference < row.spread().max(sh.spread()) / 2.0
        });
        unsure
            .map(|row| {
                format!(
                    "{} and sh differ by {:.0} µs, and their runs by {:.0} and {:.0} µs: the noise is larger than the difference",
                    row.name,
                    (row.wall_us.p50 - sh.wall_us.p50).abs(),
                    row.spread(),
                    sh.spread(),
                )
            })
            .collect()
    }
}
