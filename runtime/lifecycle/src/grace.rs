//! Grace periods, in whole seconds, as the kubelet counts them (R33–R39).

use std::time::Duration;

/// R37: a container is never given less than this between SIGTERM and SIGKILL.
pub const MINIMUM_SECONDS: i64 = 2;

/// Why a container is being killed, as far as its grace depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillReason {
    /// Its liveness probe failed.
    Liveness,
    /// Its startup probe failed.
    Startup,
    /// Anything else.
    Other,
}

/// What a pod says of grace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GraceSpec {
    /// `metadata.deletionGracePeriodSeconds`.
    pub deletion: Option<i64>,
    /// `spec.terminationGracePeriodSeconds`.
    pub termination: Option<i64>,
    /// `terminationGracePeriodSeconds` of the container's liveness probe.
    pub liveness: Option<i64>,
    /// `terminationGracePeriodSeconds` of the container's startup probe.
    pub startup: Option<i64>,
}

/// R33: the grace of one container's kill (`setTerminationGracePeriod`).
#[must_use]
pub fn base(spec: GraceSpec, reason: KillReason) -> i64 {
    let of_probe = match reason {
        KillReason::Liveness => spec.liveness,
        KillReason::Startup => spec.startup,
        KillReason::Other => None,
    };
    match (spec.deletion, spec.termination) {
        (Some(deletion), _) => deletion,
        (None, Some(termination)) => of_probe.unwrap_or(termination),
        (None, None) => MINIMUM_SECONDS,
    }
}

/// R35: the grace of a whole pod's termination (`calculateEffectiveGracePeriod`):
/// the deletion's, unless the kubelet itself has less to give; at least 1.
#[must_use]
pub fn effective(spec: GraceSpec, kill_override: Option<i64>) -> i64 {
    let shortest = match (spec.deletion, kill_override) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    shortest.or(spec.termination).unwrap_or(0).max(1)
}

/// R36: what is left of `grace` after `elapsed`, of which only whole seconds count.
#[must_use]
pub fn deduct(grace: i64, elapsed: Duration) -> i64 {
    grace.saturating_sub(i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
}

/// R37: the timeout that the runtime is given for SIGTERM, in seconds.
#[must_use]
pub fn stop_timeout(remaining: i64) -> u64 {
    remaining.max(MINIMUM_SECONDS).unsigned_abs()
}

/// Seconds as a span; of a negative number none.
#[must_use]
pub fn span(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(termination: i64) -> GraceSpec {
        GraceSpec {
            termination: Some(termination),
            ..GraceSpec::default()
        }
    }

    #[test]
    fn base_grace_is_the_most_specific() {
        let probes = GraceSpec {
            liveness: Some(10),
            startup: Some(20),
            ..spec(60)
        };
        let deleted = GraceSpec {
            deletion: Some(5),
            ..probes
        };
        for (case, given, reason, expected) in [
            ("GRACE-01", GraceSpec::default(), KillReason::Other, 2),
            ("GRACE-02", spec(60), KillReason::Other, 60),
            ("GRACE-03", probes, KillReason::Liveness, 10),
            ("GRACE-04", probes, KillReason::Startup, 20),
            ("no probe of its own", spec(60), KillReason::Liveness, 60),
            ("GRACE-07", probes, KillReason::Other, 60),
            ("a deletion wins", deleted, KillReason::Liveness, 5),
        ] {
            assert_eq!(base(given, reason), expected, "{case}");
        }
    }

    #[test]
    fn effective_grace_is_the_shortest_but_never_none() {
        let deleted = |seconds| GraceSpec {
            deletion: Some(seconds),
            ..spec(30)
        };
        for (case, given, kill_override, expected) in [
            ("GRACE-13", spec(30), None, 30),
            ("GRACE-14", deleted(5), None, 5),
            ("GRACE-15", deleted(5), Some(2), 2),
            ("GRACE-16", deleted(0), None, 1),
            ("nothing said", GraceSpec::default(), None, 1),
        ] {
            assert_eq!(effective(given, kill_override), expected, "{case}");
        }
    }

    #[test]
    fn hooks_cost_whole_seconds_and_leave_two() {
        for (case, grace, millis, timeout) in [
            ("GRACE-19", 10, 1900, 9),
            ("GRACE-20", 10, 900, 10),
            ("GRACE-21", 3, 2500, 2),
            ("all of it", 30, 30_000, 2),
            ("s03c", 10, 3600, 7),
            ("s04c", 4, 3500, 2),
        ] {
            let left = deduct(grace, Duration::from_millis(millis));
            assert_eq!(stop_timeout(left), timeout, "{case}");
        }
    }
}
