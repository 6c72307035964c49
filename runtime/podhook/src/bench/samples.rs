//! What was measured, and its quantiles.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Runs of one way.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Microseconds of wall-clock time, one for each run.
    wall: Vec<f64>,
    /// Microseconds of CPU time, user and system; one for each run, or for a batch its mean.
    cpu: Vec<f64>,
    /// Bytes, the most there were.
    peak: u64,
}

impl Samples {
    pub(super) fn wall(&mut self, took: Duration) {
        self.wall.push(took.as_secs_f64() * 1e6);
    }

    pub(super) fn cpu(&mut self, spent: Duration) {
        self.cpu.push(spent.as_secs_f64() * 1e6);
    }

    pub(super) fn peak(&mut self, bytes: u64) {
        self.peak = self.peak.max(bytes);
    }

    /// All but the peak.
    pub(super) fn forget_times(&mut self) {
        self.wall.clear();
        self.cpu.clear();
    }

    pub(super) fn runs(&self) -> usize {
        self.wall.len()
    }

    pub(super) fn peak_bytes(&self) -> u64 {
        self.peak
    }

    pub(super) fn wall_quantile(&self, per_cent: usize) -> f64 {
        quantile(&self.wall, per_cent)
    }

    pub(super) fn cpu_quantile(&self, per_cent: usize) -> f64 {
        quantile(&self.cpu, per_cent)
    }
}

/// CPU time of this process.
pub(super) fn spent() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// CPU time of this thread.
pub(super) fn spent_here() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Of none: 0.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(&values.collect::<Vec<_>>(), 50)
}

/// The least value that `per_cent` of all are at most (nearest rank); 0 of none.
fn quantile(values: &[f64], per_cent: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * per_cent).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&values, 50), 50.0);
        assert_eq!(quantile(&values, 99), 99.0);
        assert_eq!(quantile(&[7.0], 90), 7.0);
        assert_eq!(quantile(&[1.0, 2.0], 90), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 50), 2.0);
        assert_eq!(quantile(&[], 50), 0.0);
    }
}
