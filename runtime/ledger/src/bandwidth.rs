//! CPU bandwidth: so much CPU time in every period, what is overdrawn is a debt.
//!
//! Follows the kernel's CFS bandwidth control (`Documentation/scheduler/sched-bwc.rst`)
//! but for its slices: who computes is given all that is left, shared between those who
//! compute at the same time, and is rung for where it becomes less. Pure: time is an
//! argument, and who computes and how it is stopped is not known here.

use podhook_lifecycle::{Allowance, Bell, CpuMax, PeriodCount, Periods, Work};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Of what is left while others compute too, at least so much is given at a time.
const LEAST: Duration = Duration::from_micros(100);

/// Who was given so much more than is left for it now is rung for.
const SLACK: Duration = Duration::from_micros(200);

/// One account's quota, and what is left of it.
pub(crate) struct Bandwidth {
    /// Nanoseconds in every period.
    quota: i64,
    length: Duration,
    /// Since the first work.
    clock: Option<Clock>,
    computing: Vec<Computing>,
    /// When those were refused who now wait.
    waiting: Vec<Instant>,
    active: PeriodCount,
    throttled: PeriodCount,
    throttled_for: Duration,
}

#[derive(Clone, Copy)]
struct Clock {
    periods: Periods,
    /// The period that `left` is of.
    current: u64,
    /// Nanoseconds; below zero it is a debt.
    left: i64,
    /// Nanoseconds that the period before left unused: who is charged late for work in
    /// it has used those.
    lost: i64,
}

/// Somebody who was told how far to compute.
struct Computing {
    began: Instant,
    until: Instant,
    bell: Arc<dyn Bell>,
}

/// `nr_periods`, `nr_throttled` and the time stood throttled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Throttling {
    pub(crate) nr_periods: u64,
    pub(crate) nr_throttled: u64,
    pub(crate) throttled: Duration,
}

impl Bandwidth {
    /// `None`: without a quota there is nothing to keep.
    pub(crate) fn new(max: CpuMax) -> Option<Self> {
        let quota = i64::try_from(max.quota_usec?.saturating_mul(1000)).unwrap_or(i64::MAX);
        Some(Self {
            // A quarter of the range, so that sums of a few stay within it.
            quota: quota.clamp(1, i64::MAX / 4),
            length: Duration::from_micros(max.period_usec.max(1)),
            clock: None,
            computing: Vec::new(),
            waiting: Vec::new(),
            active: PeriodCount::default(),
            throttled: PeriodCount::default(),
            throttled_for: Duration::ZERO,
        })
    }

    /// The periods, of which the first begins with the first call.
    pub(crate) fn periods(&mut self, now: Instant) -> Periods {
        self.clock(now).periods
    }

    /// The clock, as of `now`.
    fn clock(&mut self, now: Instant) -> &mut Clock {
        let (quota, length) = (self.quota, self.length);
        let clock = self.clock.get_or_insert(Clock {
            periods: Periods {
                origin: now,
                length,
            },
            current: 0,
            left: quota,
            lost: 0,
        });
        clock.refill(clock.periods.number(now), quota);
        clock
    }

    /// How far whoever asks may compute from now on: never beyond the period, so that
    /// what is used in it is known when the next begins.
    pub(crate) fn begin(&mut self, now: Instant, bell: &Arc<dyn Bell>) -> Allowance {
        let quota = self.quota;
        let clock = *self.clock(now);
        let Ok(left @ 1..) = u64::try_from(clock.left) else {
            self.waiting.push(now);
            return Allowance::Throttled {
                until: clock.periods.start(clock.refilled(quota)),
            };
        };
        let border = clock.periods.start(clock.current.saturating_add(1));
        let rest = border.saturating_duration_since(now).max(LEAST);
        let given = self.share(Duration::from_nanos(left), now).min(rest);
        let until = now + given;
        for other in &mut self.computing {
            if other.until > until + SLACK {
                other.until = until;
                other.bell.ring();
            }
        }
        self.computing.push(Computing {
            began: now,
            until,
            bell: bell.clone(),
        });
        Allowance::Left(given)
    }

    /// What one more gets of `left`, of which the others have used something since they
    /// were asked last.
    fn share(&self, left: Duration, now: Instant) -> Duration {
        if self.computing.is_empty() {
            return left;
        }
        let under_way = self.computing.iter();
        let used = under_way.map(|one| now.saturating_duration_since(one.began));
        let left = left.saturating_sub(used.sum());
        let sharers = u32::try_from(self.computing.len() + 1).unwrap_or(u32::MAX);
        (left / sharers).max(LEAST)
    }

    /// Who began then computes no longer.
    pub(crate) fn end(&mut self, began: Instant) {
        let found = self.computing.iter().position(|one| one.began == began);
        if let Some(index) = found {
            self.computing.swap_remove(index);
        }
    }

    /// Takes what was used, from the periods that it was used in.
    pub(crate) fn charge(&mut self, work: &Work) {
        let quota = self.quota;
        let used = i64::try_from(work.cpu_nsec).unwrap_or(i64::MAX / 4);
        let clock = self.clock(work.from);
        let periods = clock.periods;
        let (first, last) = (periods.number(work.from), periods.number(work.until));
        let of_last = match first < last {
            true => part(used, work, periods.start(last)),
            false => used,
        };
        clock.take(first, used - of_last);
        clock.refill(last, quota);
        clock.take(last, of_last);
        self.active.add((first, last));
    }

    /// Counts the pause of one who was refused at `from`; where it was another account
    /// that refused, there is none.
    pub(crate) fn pause(&mut self, from: Instant, until: Instant) {
        let found = self.waiting.iter().position(|&one| one == from);
        let Some(index) = found else { return };
        self.waiting.swap_remove(index);
        let span = self.periods(from).paused(from, until);
        self.active.add(span);
        self.throttled.add(span);
        self.throttled_for += until.saturating_duration_since(from);
    }

    pub(crate) fn throttling(&self) -> Throttling {
        Throttling {
            nr_periods: self.active.count,
            nr_throttled: self.throttled.count,
            throttled: self.throttled_for,
        }
    }
}

impl Clock {
    /// Every period brings a quota; what was not used of it is lost, what was overdrawn
    /// is paid first.
    fn refill(&mut self, current: u64, quota: i64) {
        let Some(passed @ 1..) = current.checked_sub(self.current) else {
            return;
        };
        let brought = i64::try_from(passed).map_or(i64::MAX, |passed| quota.saturating_mul(passed));
        let left = self.left.saturating_add(brought);
        self.left = left.min(quota);
        self.lost = left.saturating_sub(quota).clamp(0, quota);
        self.current = current;
    }

    /// Takes what was used in `period`.
    fn take(&mut self, period: u64, used: i64) {
        let lost = match period < self.current {
            true => used.min(self.lost),
            false => 0,
        };
        self.lost -= lost;
        self.left = self.left.saturating_sub(used - lost);
    }

    /// The next period that has something left.
    fn refilled(&self, quota: i64) -> u64 {
        let owed = self.left.unsigned_abs();
        self.current
            .saturating_add(owed / quota.unsigned_abs().max(1))
            .saturating_add(1)
    }
}

/// The part of `used` that comes after `border`, if it was used evenly.
fn part(used: i64, work: &Work, border: Instant) -> i64 {
    let after = work.until.saturating_duration_since(border).as_nanos();
    let all = work.until.saturating_duration_since(work.from).as_nanos();
    let used_after = u128::from(used.unsigned_abs()) * after / all.max(1);
    i64::try_from(used_after).unwrap_or(used).min(used)
}

#[cfg(test)]
mod tests;
