//! One probe of one container: when it is due, and what its answers amount to.
//!
//! Follows the kubelet's `prober.worker` (v1.36) as far as hooks are touched: probes
//! wait for a postStart hook (R13), and a failed one brings a preStop hook on (R25).

use crate::spec::Probe;
use std::time::Duration;

/// The three kinds of probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeKind {
    /// Until it has succeeded, the other two wait.
    Startup,
    /// When it fails, the container is restarted.
    Liveness,
    /// Says whether the container is ready.
    Readiness,
}

impl ProbeKind {
    /// All three, in the order in which they matter.
    pub const ALL: [Self; 3] = [Self::Startup, Self::Liveness, Self::Readiness];

    /// As events say it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }
}

/// What came of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// All is well.
    Success,
    /// It is not; what the probe said.
    Failure(String),
    /// The question could not be put, which says nothing of the container; why.
    Error(String),
}

/// A probe's worker for one start of a container.
#[derive(Debug, Clone)]
pub struct Prober {
    /// Which of the container's probes.
    pub kind: ProbeKind,
    period: Duration,
    success_threshold: u32,
    failure_threshold: u32,
    /// When it asks next; `None`: not before it has an answer, or never again.
    due: Option<Duration>,
    asked: Duration,
    last: Option<bool>,
    run: u32,
    /// What its answers amount to so far.
    verdict: Option<bool>,
}

impl Prober {
    /// The worker of a container that was started at `started`, from `now` on.
    ///
    /// `since`: when there was first one, if this is not it. A ticker goes on over restarts
    /// of the container, so a liveness probe waits for its next tick; the others are asked
    /// out of turn.
    #[must_use]
    pub fn new(
        kind: ProbeKind,
        probe: &Probe,
        started: Duration,
        now: Duration,
        since: Option<Duration>,
    ) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        let earliest = now.max(started + seconds(probe.initial_delay_seconds));
        let period = seconds(probe.period_seconds.max(1));
        let due = match (kind, since) {
            (ProbeKind::Liveness, Some(since)) => tick_after(earliest, since, period),
            (ProbeKind::Liveness, None) | (ProbeKind::Startup | ProbeKind::Readiness, _) => {
                earliest
            }
        };
        Self {
            kind,
            period: seconds(probe.period_seconds.max(1)),
            success_threshold: probe.success_threshold,
            failure_threshold: probe.failure_threshold,
            due: Some(due),
            asked: Duration::ZERO,
            last: None,
            run: 0,
            verdict: None,
        }
    }

    /// When it is due next.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// It is asked now.
    pub fn ask(&mut self, now: Duration) {
        self.asked = now;
        self.due = None;
    }

    /// It cannot be asked now; it stays due a period later.
    pub fn skip(&mut self, now: Duration) {
        self.due = Some(now + self.period);
    }

    /// The question could not be put: it is put again a period later, and counts for
    /// nothing.
    pub fn errored(&mut self, now: Duration) {
        self.due = Some(now.max(self.asked + self.period));
    }

    /// An answer came. True where the verdict is new.
    pub fn answered(&mut self, success: bool, now: Duration) -> bool {
        self.run = match self.last == Some(success) {
            true => self.run.saturating_add(1),
            false => 1,
        };
        self.last = Some(success);
        self.due = Some(now.max(self.asked + self.period));
        let threshold = match success {
            true => self.success_threshold,
            false => self.failure_threshold,
        };
        if self.run < threshold || self.verdict == Some(success) {
            return false;
        }
        self.verdict = Some(success);
        self.rest_if_decided(success);
        true
    }

    /// A startup probe that succeeded, and one whose failure brings the container
    /// down, ask no more.
    fn rest_if_decided(&mut self, success: bool) {
        let over = match self.kind {
            ProbeKind::Startup => true,
            ProbeKind::Liveness => !success,
            ProbeKind::Readiness => false,
        };
        if over {
            self.due = None;
        }
    }

    /// What its answers amount to; `None` before the first threshold is met.
    #[must_use]
    pub fn verdict(&self) -> Option<bool> {
        self.verdict
    }
}

/// The first tick, of those each `period` from `since` on, that is after `earliest`.
fn tick_after(earliest: Duration, since: Duration, period: Duration) -> Duration {
    let over = earliest.saturating_sub(since).as_nanos() % period.as_nanos().max(1);
    earliest + period.saturating_sub(Duration::from_nanos_u128(over))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ExecAction, ProbeAction};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn probe() -> Probe {
        Probe {
            action: ProbeAction::Exec(ExecAction::default()),
            initial_delay_seconds: 2,
            period_seconds: 5,
            timeout_seconds: 1,
            success_threshold: 1,
            failure_threshold: 3,
            termination_grace_period_seconds: None,
        }
    }

    #[test]
    fn the_delay_counts_from_the_start_and_may_be_over() {
        let late = Prober::new(ProbeKind::Liveness, &probe(), seconds(1), seconds(9), None);
        assert_eq!(late.due(), Some(seconds(9)));
        let early = Prober::new(ProbeKind::Liveness, &probe(), seconds(1), seconds(1), None);
        assert_eq!(early.due(), Some(seconds(3)));
        // Of a container that was restarted: the ticker of the first start goes on.
        let again = Prober::new(
            ProbeKind::Liveness,
            &probe(),
            seconds(21),
            seconds(21),
            Some(seconds(4)),
        );
        assert_eq!(again.due(), Some(seconds(24)));
        let out_of_turn = Prober::new(
            ProbeKind::Readiness,
            &probe(),
            seconds(21),
            seconds(21),
            Some(seconds(4)),
        );
        assert_eq!(out_of_turn.due(), Some(seconds(23)));
    }

    #[test]
    fn thresholds_count_answers_in_a_row() {
        let mut prober = Prober::new(ProbeKind::Liveness, &probe(), seconds(0), seconds(0), None);
        let mut verdicts = Vec::new();
        for (at, success) in [false, false, true, false, false, false]
            .into_iter()
            .enumerate()
        {
            let now = seconds(5 * at as u64);
            prober.ask(now);
            verdicts.push((prober.answered(success, now), prober.verdict()));
        }
        assert_eq!(verdicts[1], (false, None));
        assert_eq!(verdicts[2], (true, Some(true)));
        assert_eq!(verdicts[4], (false, Some(true)));
        assert_eq!(verdicts[5], (true, Some(false)));
        assert_eq!(prober.due(), None, "a container is killed once");
    }

    #[test]
    fn a_slow_answer_delays_the_next_question_no_more_than_it_must() {
        let mut prober = Prober::new(ProbeKind::Readiness, &probe(), seconds(0), seconds(2), None);
        prober.ask(seconds(2));
        prober.answered(true, seconds(3));
        assert_eq!(prober.due(), Some(seconds(7)));
        prober.ask(seconds(7));
        prober.answered(true, seconds(20));
        assert_eq!(prober.due(), Some(seconds(20)));
    }
}
