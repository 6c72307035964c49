//! What further workers add: threads with an engine each, that share compiled code alone.

use super::in_process::Warm;
use super::samples::{Samples, median};
use super::subject::Subject;
use crate::config;
use crate::interrupt::Interrupt;
use podhook_runner::CommandError;
use podhook_sandbox::CodeStore;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// So many workers at the same time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Workers {
    pub(crate) workers: usize,
    pub(crate) hooks_per_second: f64,
    /// Of what one does: the median over rounds.
    pub(crate) ratio_to_one: f64,
}

/// How long each number of workers works in a round.
const SPAN: Duration = Duration::from_millis(300);

/// How long a worker works before it counts.
const WARMING: Duration = Duration::from_millis(20);

/// Rounds: in each, every number has its turn.
const ROUNDS: usize = 7;

/// One, two, four, … up to as many as there are processors.
///
/// # Errors
/// On SIGINT and SIGTERM. Where the hook cannot be run by several: why, within.
pub(super) fn measure(
    subject: &Subject,
    interrupt: &Interrupt,
) -> Result<Result<Vec<Workers>, String>, CommandError> {
    let counts = counts(config::processors());
    let codes = Arc::new(CodeStore::default());
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    for _ in 0..ROUNDS {
        let mut round = Vec::new();
        for workers in &counts {
            interrupt.check()?;
            match hooks_per_second(subject, &codes, *workers) {
                Ok(hooks) => round.push(hooks),
                Err(why) => return Ok(Err(why)),
            }
        }
        rounds.push(round);
    }
    Ok(Ok(judged(&counts, &rounds)))
}

fn counts(processors: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(1_usize), |count| count.checked_mul(2));
    let mut counts: Vec<usize> = powers.take_while(|count| *count < processors).collect();
    counts.push(processors.max(1));
    counts
}

/// `rounds`: hooks per second of each of `counts`, round by round.
fn judged(counts: &[usize], rounds: &[Vec<f64>]) -> Vec<Workers> {
    let column = |at: usize| rounds.iter().filter_map(move |round| round.get(at));
    let judged = counts.iter().enumerate().map(|(at, workers)| Workers {
        workers: *workers,
        hooks_per_second: median(column(at).copied()).round(),
        ratio_to_one: {
            let ratios = column(at).zip(column(0)).map(|(all, one)| all / one);
            (median(ratios) * 1e3).round() / 1e3
        },
    });
    judged.collect()
}

fn hooks_per_second(
    subject: &Subject,
    codes: &Arc<CodeStore>,
    workers: usize,
) -> Result<f64, String> {
    let stop = AtomicBool::new(false);
    let barrier = Barrier::new(workers + 1);
    std::thread::scope(|scope| {
        let work = || work(subject, codes, &barrier, &stop);
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        barrier.wait();
        std::thread::sleep(SPAN);
        stop.store(true, Relaxed);
        let did = threads.into_iter().map(|thread| {
            let joined = thread.join();
            joined.unwrap_or_else(|_| Err("a worker panicked".to_owned()))
        });
        did.sum()
    })
}

/// Hooks per second of one worker; all begin together.
fn work(
    subject: &Subject,
    codes: &Arc<CodeStore>,
    barrier: &Barrier,
    stop: &AtomicBool,
) -> Result<f64, String> {
    let ready = Warm::with(subject, codes.clone());
    let ready = ready.and_then(|warm| {
        let began = Instant::now();
        until(&warm, || began.elapsed() > WARMING).map(|_| warm)
    });
    barrier.wait();
    until(&ready?, || stop.load(Relaxed))
}

/// Hook after hook, but one at least; how many a second.
fn until(warm: &Warm, is_over: impl Fn() -> bool) -> Result<f64, String> {
    let mut samples = Samples::default();
    let (began, mut hooks) = (Instant::now(), 0_u32);
    while !is_over() || hooks == 0 {
        warm.once(&mut samples)?;
        hooks = hooks.saturating_add(1);
    }
    Ok(f64::from(hooks) / began.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_double_up_to_all_processors() {
        assert_eq!(counts(0), [1]);
        assert_eq!(counts(1), [1]);
        assert_eq!(counts(2), [1, 2]);
        assert_eq!(counts(6), [1, 2, 4, 6]);
    }

    #[test]
    fn ratios_are_those_within_a_round() {
        // A machine that halves its speed for a round is no news of workers.
        let rounds = [vec![100.0, 190.0], vec![50.0, 95.0], vec![100.0, 190.0]];
        let judged = judged(&[1, 2], &rounds);
        assert_eq!(
            (judged[0].hooks_per_second, judged[0].ratio_to_one),
            (100.0, 1.0)
        );
        assert_eq!(
            (judged[1].hooks_per_second, judged[1].ratio_to_one),
            (190.0, 1.9)
        );
    }
}
