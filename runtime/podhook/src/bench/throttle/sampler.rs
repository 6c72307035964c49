//! What was used in each period, seen from outside: the kernel's figure of a cgroup,
//! read every half millisecond. The kernel brings it up to date when a thread pauses,
//! and meanwhile at its ticks of 4 ms.

use super::group::Group;
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

pub(super) struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<u64>>,
    quota_us: f64,
}

impl Sampler {
    pub(super) fn start(group: Arc<Group>, per_cent: u32) -> Self {
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
            quota_us: f64::from(per_cent) * 1000.0,
        }
    }

    /// Microseconds over the quota in one period: nine of ten are below it. 0 where there
    /// were no periods to tell apart.
    pub(super) fn finish(self) -> f64 {
        self.stop.store(true, Relaxed);
        let readings = self.thread.join().unwrap_or_default();
        let mut bursts = bursts(&readings);
        // The first began before the first reading, the last was cut off.
        bursts.pop();
        let over = bursts.iter().skip(1);
        let over = over.map(|&nsec| nsec as f64 / 1000.0 - self.quota_us);
        let mut over: Vec<f64> = over.collect();
        over.sort_by(f64::total_cmp);
        over.get(over.len() * 9 / 10).copied().unwrap_or(0.0)
    }
}

/// What was used between pauses.
fn bursts(readings: &[u64]) -> Vec<u64> {
    let mut bursts = Vec::new();
    let (mut burst, mut idle) = (0, 0);
    for (before, now) in readings.iter().zip(readings.iter().skip(1)) {
        let used = now.saturating_sub(*before);
        burst += used;
        idle = if used < NOTHING_NSEC { idle + 1 } else { 0 };
        if idle == PAUSE && burst > NOTHING_NSEC {
            bursts.push(std::mem::take(&mut burst));
        }
    }
    bursts.push(burst);
    bursts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_a_burst() {
        let mut readings = vec![0, 4_000_000, 10_000_000];
        readings.extend([10_000_000; PAUSE]);
        readings.extend([15_000_000, 15_001_000]);
        assert_eq!(bursts(&readings), [10_000_000, 5_001_000]);
    }
}
