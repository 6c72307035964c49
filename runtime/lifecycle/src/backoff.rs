//! How long a container that keeps ending is left alone (R21; client-go
//! `flowcontrol.Backoff` as `newCrashLoopBackOff` sets it up).

use std::time::Duration;

/// The first wait.
pub const INITIAL: Duration = Duration::from_secs(10);

/// The longest wait.
pub const MAX: Duration = Duration::from_secs(300);

/// One container's waits. Times count from any fixed moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    entry: Option<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    wait: Duration,
    updated: Duration,
}

impl Backoff {
    /// The current wait; none before the first restart.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.entry.map_or(Duration::ZERO, |entry| entry.wait)
    }

    /// When a container that ended at `ended` may be started again, if not already
    /// at `now`.
    #[must_use]
    pub fn until(&self, ended: Duration, now: Duration) -> Option<Duration> {
        let entry = self.valid(ended)?;
        let until = ended.saturating_add(entry.wait);
        (now < until).then_some(until)
    }

    /// The container that ended at `ended` is started again at `now`: next time it
    /// waits twice as long.
    pub fn restarted(&mut self, ended: Duration, now: Duration) {
        let wait = match self.valid(ended) {
            Some(entry) => (entry.wait * 2).min(MAX),
            None => INITIAL,
        };
        self.entry = Some(Entry { wait, updated: now });
    }

    /// A container that ran for twice the longest wait starts over.
    fn valid(&self, ended: Duration) -> Option<Entry> {
        self.entry
            .filter(|entry| ended.saturating_sub(entry.updated) <= MAX * 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A container that ends as soon as it is started: POST-15.
    #[test]
    fn waits_double_up_to_five_minutes() {
        let (mut backoff, mut now, mut waits) = (Backoff::default(), Duration::ZERO, Vec::new());
        for _ in 0..8 {
            let until = backoff.until(now, now).unwrap_or(now);
            waits.push((until - now).as_secs());
            backoff.restarted(now, until);
            now = until;
        }
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn a_long_run_starts_over() {
        let mut backoff = Backoff::default();
        backoff.restarted(seconds(0), seconds(0));
        assert_eq!(
            backoff.until(seconds(600), seconds(600)),
            Some(seconds(610))
        );
        assert_eq!(backoff.until(seconds(601), seconds(601)), None);
        backoff.restarted(seconds(601), seconds(601));
        assert_eq!(backoff.wait(), INITIAL);
    }

    #[test]
    fn the_wait_counts_from_the_end() {
        let mut backoff = Backoff::default();
        backoff.restarted(seconds(0), seconds(0));
        assert_eq!(
            backoff.until(seconds(100), seconds(105)),
            Some(seconds(110))
        );
        assert_eq!(backoff.until(seconds(100), seconds(110)), None);
    }
}
