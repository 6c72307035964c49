//! Durations as the host counts them: whole milliseconds.

use std::time::Duration;

/// Time left, where the largest number stands for "no deadline".
pub(super) fn deadline(ms: u64) -> Option<Duration> {
    (ms != u64::MAX).then(|| Duration::from_millis(ms))
}

/// Rounded up, since a short wait rounded to none would make a busy loop of its
/// caller; the largest number where it does not fit.
pub(super) fn ceil<N: TryFrom<u128> + Bounded>(time: Duration) -> N {
    N::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(N::MAX)
}

pub(super) trait Bounded {
    const MAX: Self;
}

impl Bounded for u32 {
    const MAX: Self = u32::MAX;
}

impl Bounded for u64 {
    const MAX: Self = u64::MAX;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_is_no_deadline() {
        assert_eq!(deadline(u64::MAX), None);
        assert_eq!(deadline(1500), Some(Duration::from_millis(1500)));
        assert_eq!(deadline(0), Some(Duration::ZERO));
    }

    #[test]
    fn fractions_round_up_and_long_times_are_cut() {
        assert_eq!(ceil::<u64>(Duration::ZERO), 0);
        assert_eq!(ceil::<u64>(Duration::from_nanos(1)), 1);
        assert_eq!(ceil::<u32>(Duration::from_micros(2500)), 3);
        assert_eq!(ceil::<u32>(Duration::from_secs(5_000_000)), u32::MAX);
    }
}
