//! `--assert`: what must hold for the figures.

use crate::bench::{Figures, Row};
use crate::terminal::to_stderr;
use podhook_runner::CommandError;

/// `ROW/ROW<=X` or `ROW/ROW>=X`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assertion {
    text: String,
    of: Figure,
    to: Figure,
    is_at_most: bool,
    bound: f64,
}

/// The median of a row: wall-clock time, or CPU time; or hooks per second.
#[derive(Debug, Clone, PartialEq)]
enum Figure {
    Wall(String),
    Cpu(String),
    Workers(usize),
}

impl Assertion {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write ROW/ROW<=X or ROW/ROW>=X, as in exec/sh<=1".to_owned();
        let (is_at_most, (rows, bound)) = match text.split_once("<=") {
            Some(parts) => (true, parts),
            None => (false, text.split_once(">=").ok_or_else(wrong)?),
        };
        let (of, to) = rows.split_once('/').ok_or_else(wrong)?;
        let bound: f64 = bound.trim().parse().map_err(|_| wrong())?;
        if !bound.is_finite() || bound < 0.0 {
            return Err(wrong());
        }
        let (of, to) = (Figure::parse(of)?, Figure::parse(to)?);
        if of.is_of_workers() != to.is_of_workers() {
            return Err("a time and hooks per second cannot be compared".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            of,
            to,
            is_at_most,
            bound,
        })
    }

    /// What is wrong, where something is.
    fn failure(&self, figures: &Figures) -> Option<String> {
        let of = match (self.of.value(figures), self.to.value(figures)) {
            (Err(why), _) | (_, Err(why)) => return Some(format!("{}: {why}", self.text)),
            (Ok(of), Ok(to)) => of / to,
        };
        let holds = match self.is_at_most {
            true => of <= self.bound,
            false => of >= self.bound,
        };
        (!holds).then(|| format!("{}: it is {of:.4}", self.text))
    }
}

impl Figure {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(count) = text.strip_prefix("workers:") {
            let count = count.parse().map_err(|_| "write workers:N")?;
            return Ok(Self::Workers(count));
        }
        let (made, row): (fn(String) -> Self, _) = match text.strip_prefix("cpu:") {
            Some(row) => (Self::Cpu, row),
            None => (Self::Wall, text),
        };
        match Figures::NAMES.contains(&row) {
            true => Ok(made(row.to_owned())),
            false => Err(format!(
                "no row {row:?}; there are {}",
                Figures::NAMES.join(", ")
            )),
        }
    }

    fn is_of_workers(&self) -> bool {
        matches!(self, Self::Workers(_))
    }

    fn value(&self, figures: &Figures) -> Result<f64, String> {
        match self {
            Self::Wall(name) => Ok(row(name, figures)?.wall_us.p50),
            Self::Cpu(name) => Ok(row(name, figures)?.cpu_us.p50),
            Self::Workers(count) => {
                let found = figures.workers(*count);
                found.ok_or_else(|| {
                    not_measured(&format!("workers:{count}"), Figures::WORKERS, figures)
                })
            }
        }
    }
}

fn row<'f>(name: &str, figures: &'f Figures) -> Result<&'f Row, String> {
    let found = figures.row(name);
    found.ok_or_else(|| not_measured(name, name, figures))
}

/// `name`: what it is skipped by.
fn not_measured(what: &str, name: &str, figures: &Figures) -> String {
    let skipped = figures.skipped.iter().find(|skipped| skipped.name == name);
    let why = skipped.map_or("--only", |skipped| skipped.why.as_str());
    format!("{what} was not measured: {why}")
}

/// 1 where one does not hold.
pub(super) fn judge(assertions: &[Assertion], figures: &Figures) -> Result<u8, CommandError> {
    let failures = assertions.iter().filter_map(|one| one.failure(figures));
    let mut status = 0;
    for failure in failures {
        to_stderr(format!("error: --assert {failure}\n").as_bytes());
        status = 1;
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Machine, Skipped};

    fn figures() -> Figures {
        let row = |name: &str, wall: f64, cpu: f64| {
            serde_json::from_value(serde_json::json!({
                "name": name, "what": "", "runs": 1, "peak_bytes": 0, "ratio_to_sh": null,
                "wall_us": {"p10": wall, "p50": wall, "p90": wall, "p99": wall},
                "cpu_us": {"p50": cpu},
            }))
            .unwrap()
        };
        Figures {
            machine: Machine::this(),
            hook: String::new(),
            rows: vec![row("exec", 50.0, 10.0), row("sh", 100.0, 80.0)],
            workers: serde_json::from_value(serde_json::json!([
                {"workers": 1, "hooks_per_second": 100.0, "ratio_to_one": 1.0},
                {"workers": 2, "hooks_per_second": 190.0, "ratio_to_one": 1.9},
            ]))
            .unwrap(),
            skipped: vec![Skipped {
                name: "runc".to_owned(),
                why: "there is no runc in PATH".to_owned(),
            }],
        }
    }

    #[test]
    fn what_does_not_hold_is_said_with_its_figure() {
        let failure = |text: &str| Assertion::parse(text).unwrap().failure(&figures());
        assert_eq!(failure("exec/sh<=0.5"), None);
        assert_eq!(failure("sh/exec >= 2"), None);
        assert_eq!(failure("cpu:exec/cpu:sh<=0.2"), None);
        assert_eq!(failure("workers:2/workers:1>=1.8"), None);
        assert_eq!(
            failure("workers:2/workers:1>=1.95").unwrap(),
            "workers:2/workers:1>=1.95: it is 1.9000"
        );
        assert_eq!(
            failure("workers:4/workers:1>=1").unwrap(),
            "workers:4/workers:1>=1: workers:4 was not measured: --only"
        );
        assert_eq!(
            failure("exec/sh<=0.45").unwrap(),
            "exec/sh<=0.45: it is 0.5000"
        );
        assert_eq!(
            failure("exec/runc<=1").unwrap(),
            "exec/runc<=1: runc was not measured: there is no runc in PATH"
        );
    }

    #[test]
    fn what_is_no_assertion_is_refused() {
        for text in [
            "exec<=1",
            "exec/sh",
            "exec/sh<=x",
            "exec/zsh<=1",
            "exec/sh<=-1",
            "exec/sh<=nan",
            "workers:2/sh<=1",
        ] {
            assert!(Assertion::parse(text).is_err(), "{text}");
        }
    }
}
