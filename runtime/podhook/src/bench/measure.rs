//! All ways in turn.

use super::figures::{Figures, Row, Skipped};
use super::machine::Machine;
use super::samples::Samples;
use super::subject::{Subject, workshop};
use super::ways::{Named, Wanted, ready};
use super::workers;
use crate::interrupt::Interrupt;
use podhook_runner::CommandError;
use std::time::{Duration, Instant};

/// How often each way has its turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) turns: usize,
    /// After so long a way has no more turns, but for [`FEWEST`].
    pub(crate) longest: Duration,
}

/// Turns that every way has.
const FEWEST: usize = 5;

/// A way, what it came to, and how long that took.
struct Measured {
    named: Named,
    samples: Samples,
    spent: Duration,
    turns: usize,
    failed: Option<String>,
}

/// Measures; `progress` is told how many turns there were and will be at most.
///
/// # Errors
/// Where there is no room for what the ways need.
pub(crate) fn measure(
    subject: &Subject,
    wanted: &Wanted,
    pace: Pace,
    interrupt: &Interrupt,
    mut progress: impl FnMut(usize, usize),
) -> Result<Figures, CommandError> {
    let (_kept, folder) = workshop()?;
    let mut machine = Machine::this();
    let (ways, mut skipped) = ready(subject, wanted, &folder, &mut machine);
    let mut measured: Vec<Measured> = ways.into_iter().map(Measured::new).collect();
    // The first turn is for caches alone.
    for turn in 0..=pace.turns {
        progress(turn, pace.turns + 1);
        for way in &mut measured {
            interrupt.check()?;
            way.turn(pace);
            if turn == 0 {
                way.samples.forget_times();
            }
        }
    }
    let mut rows = Vec::new();
    for way in measured {
        let Named { name, what, .. } = way.named;
        match way.failed {
            None => rows.push(Row::new(name, what, &way.samples)),
            Some(why) => skipped.push(Skipped::new(name, why)),
        }
    }
    let mut figures = Figures {
        machine,
        hook: subject.name.clone(),
        rows,
        workers: Vec::new(),
        skipped,
    };
    if wanted.has(Figures::WORKERS) {
        match workers::measure(subject, interrupt)? {
            Ok(workers) => figures.workers = workers,
            Err(why) => figures.skip(Figures::WORKERS, why),
        }
    }
    figures.relate();
    let is_empty = figures.rows.is_empty() && figures.workers.is_empty();
    match figures.skipped.first() {
        Some(Skipped { name, why }) if is_empty => Err(CommandError::unavailable(name, why)),
        _ => Ok(figures),
    }
}

impl Measured {
    fn new(named: Named) -> Self {
        Self {
            named,
            samples: Samples::default(),
            spent: Duration::ZERO,
            turns: 0,
            failed: None,
        }
    }

    fn turn(&mut self, pace: Pace) {
        let is_over = self.turns > FEWEST && self.spent > pace.longest;
        if self.failed.is_some() || is_over {
            return;
        }
        let began = Instant::now();
        self.failed = self.named.way.run(&mut self.samples).err();
        self.spent += began.elapsed();
        self.turns += 1;
    }
}
