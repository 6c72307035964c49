//! The time the hook allows itself: a little less than it was given, so that it can
//! still say how far it came.

use std::time::{Duration, Instant};

use podhook::{Context, budget};

/// Kubernetes' own default, for when nobody said how long.
const DEFAULT_GRACE: Duration = Duration::from_secs(30);
const LONGEST_MARGIN: Duration = Duration::from_secs(1);

pub struct Window {
    end: Instant,
    margin: Duration,
}

impl Window {
    /// Begins now; ends before the call's deadline and the pod's grace period do.
    pub fn of(ctx: &Context) -> Self {
        let limits = [budget::remaining(), ctx.grace];
        Self::new(limits.into_iter().flatten().min().unwrap_or(DEFAULT_GRACE))
    }

    fn new(given: Duration) -> Self {
        let margin = LONGEST_MARGIN.min(given / 4);
        Self {
            end: Instant::now() + (given - margin),
            margin,
        }
    }

    pub fn rest(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// How long one request may take: into the margin, but not to its end.
    pub fn for_an_answer(&self) -> Duration {
        self.rest() + self.margin / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_before_the_time_given() {
        for (given, most) in [(30_000, 29_000), (2_000, 1_500), (0, 0)] {
            let window = Window::new(Duration::from_millis(given));
            assert!(window.rest() <= Duration::from_millis(most));
            assert!(window.for_an_answer() <= Duration::from_millis(given));
        }
    }

    #[test]
    fn the_shorter_limit_counts() {
        let mut ctx = Context::new(podhook::Phase::PreStop);
        assert!(Window::of(&ctx).rest() <= Duration::from_secs(29));
        ctx.grace = Some(Duration::from_secs(4));
        assert!(Window::of(&ctx).rest() <= Duration::from_secs(3));
    }
}
