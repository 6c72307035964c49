//! A container's limits in the kernel's numbers, and the kubelet's arithmetic that
//! leads there.
//!
//! Follows kubelet v1.36 `cm.MilliCPUToShares`, `cm.MilliCPUToQuota`, and
//! `ConvertCPUSharesToCgroupV2Value` of runc 1.3 and of runtimes before it. Where the
//! amounts come from, a pod or a cgroup, is not known here.

use std::collections::BTreeMap;

/// `cpu.max`: so much CPU time in every period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CpuMax {
    /// Microseconds; `None`: no limit, as `max`.
    pub quota_usec: Option<u64>,
    /// Microseconds, never 0.
    pub period_usec: u64,
}

impl CpuMax {
    /// The kubelet's `cpuCFSQuotaPeriod`, and the kernel's own default: 100 ms.
    pub const PERIOD_USEC: u64 = 100_000;

    /// The shortest that a kernel takes, as period and as quota: 1 ms.
    pub const MIN_USEC: u64 = 1000;

    /// The longest period that a kernel takes: 1 s.
    pub const MAX_PERIOD_USEC: u64 = 1_000_000;

    /// No limit.
    pub const NONE: Self = Self {
        quota_usec: None,
        period_usec: Self::PERIOD_USEC,
    };

    /// R79: a limit in thousandths of a CPU; 0 is none. A quota is at least 1 ms.
    #[must_use]
    pub const fn of_milli_cpu(milli: u64, period_usec: u64) -> Self {
        let quota_usec = match milli {
            0 => None,
            _ => {
                let quota = milli.saturating_mul(period_usec) / 1000;
                Some(match quota < Self::MIN_USEC {
                    true => Self::MIN_USEC,
                    false => quota,
                })
            }
        };
        Self {
            quota_usec,
            period_usec,
        }
    }

    /// Whether it leaves less CPU time than `other`.
    #[must_use]
    pub fn is_tighter(&self, other: &Self) -> bool {
        let Some(quota) = self.quota_usec else {
            return false;
        };
        other.quota_usec.is_none_or(|others| {
            u128::from(quota) * u128::from(other.period_usec)
                < u128::from(others) * u128::from(self.period_usec)
        })
    }
}

impl Default for CpuMax {
    fn default() -> Self {
        Self::NONE
    }
}

/// What a container gets of a CPU that others want too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuWeight {
    /// `cpu.shares` of cgroup v1, 2..=262144.
    pub shares: u64,
    /// `cpu.weight` of cgroup v2 as current runtimes compute it, 1..=10000.
    pub weight: u64,
    /// The same by the older, linear formula, which the kubelet itself uses.
    pub weight_linear: u64,
}

const MIN_SHARES: u64 = 2;
const MAX_SHARES: u64 = 262_144;
const MAX_WEIGHT: u64 = 10_000;

impl CpuWeight {
    /// R78: a request in thousandths of a CPU.
    #[must_use]
    pub fn of_milli_cpu(milli: u64) -> Self {
        Self::of_shares(milli.saturating_mul(1024) / 1000)
    }

    /// From `cpu.shares`; what is out of bounds is put on the bound.
    #[must_use]
    pub fn of_shares(shares: u64) -> Self {
        let shares = shares.clamp(MIN_SHARES, MAX_SHARES);
        Self {
            shares,
            weight: weight(shares),
            weight_linear: 1 + (shares - MIN_SHARES) * (MAX_WEIGHT - 1) / (MAX_SHARES - MIN_SHARES),
        }
    }

    /// R84: from `cpu.weight`, as the kubelet reads it back.
    #[must_use]
    pub fn of_weight(weight: u64) -> Self {
        let weight = weight.clamp(1, MAX_WEIGHT);
        Self {
            shares: (weight - 1) * (MAX_SHARES - MIN_SHARES) / (MAX_WEIGHT - 1) + MIN_SHARES,
            weight,
            weight_linear: weight,
        }
    }
}

/// R83: a parabola through (2, 1), (1024, 100) and (262144, 10000), all logarithmic.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "from 1 to 10000, by the bounds of shares"
)]
fn weight(shares: u64) -> u64 {
    match shares {
        ..=MIN_SHARES => 1,
        MAX_SHARES.. => MAX_WEIGHT,
        _ => {
            let log = (shares as f64).log2();
            let exponent = (log * log + 125.0 * log) / 612.0 - 7.0 / 34.0;
            10_f64.powf(exponent).ceil() as u64
        }
    }
}

/// Pod's quality of service, for whom the kernel kills first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    /// Every container's requests are its limits.
    Guaranteed,
    /// Anything between.
    Burstable,
    /// No requests, no limits.
    BestEffort,
}

/// R81: `oom_score_adj` of a container that asks for `request` bytes on a node that has
/// `node` bytes.
#[must_use]
pub fn oom_score_adj(qos: Qos, request: u64, node: u64) -> i32 {
    match qos {
        Qos::Guaranteed => GUARANTEED,
        Qos::BestEffort => 1000,
        Qos::Burstable => {
            let part = u128::from(request) * 1000 / u128::from(node.max(1));
            let score = 1000 - i32::try_from(part).unwrap_or(1000);
            score.clamp(1000 + GUARANTEED, 999)
        }
    }
}

/// Of what the node needs to live.
pub const GUARANTEED: i32 = -997;

/// What limits a container, or a hook in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// `cpu.max`.
    pub cpu: CpuMax,
    /// `cpu.weight` or `cpu.shares`; `None`: not said.
    pub weight: Option<CpuWeight>,
    /// `memory.max` in bytes; `None`: no limit.
    pub memory_max: Option<u64>,
    /// `oom_score_adj`; `None`: not said.
    pub oom_score_adj: Option<i32>,
}

/// Where each of [`Limits`] comes from, under the names that `podhook limits` has for
/// them: `cpu.quota_usec` from `spec.containers[0].resources.limits.cpu`.
pub type Sources = BTreeMap<&'static str, String>;

#[cfg(test)]
mod tests {
    use super::*;

    /// milli-CPU, shares, quota in 100 ms, quota in 10 ms, both weights.
    const TABLE: [(u64, u64, u64, u64, u64, u64); 25] = [
        (0, 2, 0, 0, 1, 1),
        (1, 2, 1000, 1000, 1, 1),
        (2, 2, 1000, 1000, 1, 1),
        (3, 3, 1000, 1000, 2, 1),
        (5, 5, 1000, 1000, 2, 1),
        (9, 9, 1000, 1000, 3, 1),
        (10, 10, 1000, 1000, 4, 1),
        (11, 11, 1100, 1000, 4, 1),
        (50, 51, 5000, 1000, 11, 2),
        (100, 102, 10_000, 1000, 17, 4),
        (150, 153, 15_000, 1500, 24, 6),
        (200, 204, 20_000, 2000, 29, 8),
        (250, 256, 25_000, 2500, 35, 10),
        (333, 340, 33_300, 3330, 43, 13),
        (500, 512, 50_000, 5000, 59, 20),
        (750, 768, 75_000, 7500, 80, 30),
        (999, 1022, 99_900, 9990, 100, 39),
        (1000, 1024, 100_000, 10_000, 100, 39),
        (1500, 1536, 150_000, 15_000, 138, 59),
        (2000, 2048, 200_000, 20_000, 174, 79),
        (4000, 4096, 400_000, 40_000, 303, 157),
        (8000, 8192, 800_000, 80_000, 532, 313),
        (64_000, 65_536, 6_400_000, 640_000, 3023, 2500),
        (256_000, 262_144, 25_600_000, 2_560_000, 10_000, 10_000),
        (300_000, 262_144, 30_000_000, 3_000_000, 10_000, 10_000),
    ];

    #[test]
    fn the_kubelets_arithmetic() {
        for (milli, shares, quota, quota_10_ms, new, linear) in TABLE {
            let weight = CpuWeight::of_milli_cpu(milli);
            let seen = (weight.shares, weight.weight, weight.weight_linear);
            assert_eq!(seen, (shares, new, linear), "{milli}m");
            let max = |period| CpuMax::of_milli_cpu(milli, period).quota_usec;
            assert_eq!(max(100_000).unwrap_or(0), quota, "{milli}m");
            assert_eq!(max(10_000).unwrap_or(0), quota_10_ms, "{milli}m");
        }
    }

    #[test]
    fn weights_are_read_back_within_bounds() {
        for (weight, shares) in [
            (0, 2),
            (1, 2),
            (39, 998),
            (10_000, 262_144),
            (99_999, 262_144),
        ] {
            assert_eq!(CpuWeight::of_weight(weight).shares, shares);
        }
    }

    #[test]
    fn the_score_of_whom_the_kernel_kills_first() {
        let gib = 1 << 30;
        assert_eq!(oom_score_adj(Qos::Guaranteed, gib, 4 * gib), -997);
        assert_eq!(oom_score_adj(Qos::BestEffort, 0, 4 * gib), 1000);
        assert_eq!(oom_score_adj(Qos::Burstable, gib, 4 * gib), 750);
        assert_eq!(oom_score_adj(Qos::Burstable, 0, 4 * gib), 999);
        assert_eq!(oom_score_adj(Qos::Burstable, u64::MAX, gib), 3);
        assert_eq!(oom_score_adj(Qos::Burstable, gib, 0), 3);
    }

    #[test]
    fn the_tighter_of_two() {
        let max = |quota_usec, period_usec| CpuMax {
            quota_usec,
            period_usec,
        };
        let half = max(Some(50_000), 100_000);
        assert!(max(Some(4000), 10_000).is_tighter(&half));
        assert!(!max(Some(6000), 10_000).is_tighter(&half));
        assert!(half.is_tighter(&CpuMax::NONE));
        assert!(!CpuMax::NONE.is_tighter(&half) && !CpuMax::NONE.is_tighter(&CpuMax::NONE));
        assert!(max(Some(1), u64::MAX).is_tighter(&max(Some(u64::MAX), 1)));
    }
}
