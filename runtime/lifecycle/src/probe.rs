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
    /// `added`: since when the kubelet knows the pod. A ticker runs from then on, over
    /// restarts of the container; only readiness is asked out of turn, as soon as the
    /// container is shown to run (`UpdatePodStatus`).
    #[must_use]
    pub fn new(
        kind: ProbeKind,
        probe: &Probe,
        started: Duration,
        now: Duration,
        added: Duration,
    ) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        let earliest = now.max(started + seconds(probe.initial_delay_seconds));
        let due = match kind {
            ProbeKind::Readiness => earliest,
            ProbeKind::Startup | ProbeKind::Liveness => {
                tick_after(earliest, added, seconds(probe.period_seconds.max(1)))
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

/// The first tick, of those each `period` from `added` on, that is after `earliest`.
fn tick_after(earliest: Duration, added: Duration, period: Duration) -> Duration {
    let over = earliest.saturating_sub(added).as_nanos() % period.as_nanos().max(1);
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

    fn prober(kind: ProbeKind, started: u64, now: u64, added: u64) -> Prober {
        let [started, now, added] = [started, now, added].map(seconds);
        Prober::new(kind, &probe(), started, now, added)
    }

    #[test]
    fn readiness_waits_for_its_delay_alone() {
        let due = |started, now| prober(ProbeKind::Readiness, started, now, 0).due();
        assert_eq!(due(1, 9), Some(seconds(9)), "the delay is over");
        assert_eq!(due(1, 1), Some(seconds(3)));
    }

    /// Also after a restart of the container: at ticks of the pod's own.
    #[test]
    fn liveness_and_startup_wait_for_a_tick_as_well() {
        for kind in [ProbeKind::Liveness, ProbeKind::Startup] {
            let due = |started, now| prober(kind, started, now, 4).due();
            assert_eq!(due(4, 4), Some(seconds(9)));
            assert_eq!(due(21, 21), Some(seconds(24)));
            assert_eq!(due(5, 13), Some(seconds(14)));
        }
    }

    #[test]
    fn thresholds_count_answers_in_a_row() {
        let mut prober = prober(ProbeKind::Liveness, 0, 0, 0);
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
        let mut prober = prober(ProbeKind::Readiness, 0, 2, 0);
        prober.ask(seconds(2));
        prober.answered(true, seconds(3));
        assert_eq!(prober.due(), Some(seconds(7)));
        prober.ask(seconds(7));
        prober.answered(true, seconds(20));
        assert_eq!(prober.due(), Some(seconds(20)));
    }
}
