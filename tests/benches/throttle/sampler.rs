//! What was used in each period, seen from outside: the kernel's figure of a cgroup,
//! read every half millisecond. The kernel brings it up to date when a thread pauses,
//! and meanwhile at its ticks of 4 ms.

use super::cgroup::Group;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

const EVERY: Duration = Duration::from_micros(500);

/// Readings without use that make a pause: longer than a tick, shorter than what is left
/// of a period.
const PAUSE: usize = 20;

/// Use between two readings that is none: a thread on its way in or out.
const NOTHING_NSEC: u64 = 20_000;

pub(crate) struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<u64>>,
    quota_us: f64,
}

/// Microseconds over the quota in one period.
pub(crate) struct Overshoot {
    pub(crate) p90_us: f64,
    pub(crate) max_us: f64,
}

impl Sampler {
    pub(crate) fn start(group: Arc<Group>, percent: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut readings = Vec::new();
            while !stopped.load(Relaxed) {
                readings.push(group.usage());
                std::thread::sleep(EVERY);
            }
            readings
        });
        Self {
            stop,
            thread,
            quota_us: percent as f64 * 1000.0,
        }
    }

    pub(crate) fn finish(self) -> Overshoot {
        self.stop.store(true, Relaxed);
        let readings = self.thread.join().unwrap();
        let mut bursts = bursts(&readings);
        // The first began before the first reading, the last was cut off.
        bursts.pop();
        let mut over: Vec<f64> = bursts
            .iter()
            .skip(1)
            .map(|&nsec| nsec as f64 / 1000.0 - self.quota_us)
            .collect();
        over.sort_by(f64::total_cmp);
        // Without pauses nothing is known.
        let at = |index: usize| over.get(index).copied().unwrap_or(f64::NAN);
        Overshoot {
            p90_us: at(over.len() * 9 / 10),
            max_us: at(over.len().wrapping_sub(1)),
        }
    }
}

/// What was used between pauses.
fn bursts(readings: &[u64]) -> Vec<u64> {
    let mut bursts = Vec::new();
    let (mut burst, mut idle) = (0, 0);
    for pair in readings.windows(2) {
        let used = pair[1] - pair[0];
        burst += used;
        idle = if used < NOTHING_NSEC { idle + 1 } else { 0 };
        if idle == PAUSE && burst > NOTHING_NSEC {
            bursts.push(std::mem::take(&mut burst));
        }
    }
    bursts.push(burst);
    bursts
}
