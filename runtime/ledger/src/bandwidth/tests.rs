//! The throttle under virtual time.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts.
#[derive(Default)]
struct Rings(AtomicUsize);

impl Bell for Rings {
    fn ring(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn bell() -> Arc<dyn Bell> {
    Arc::new(Rings::default())
}

fn usec(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn bandwidth(quota_usec: u64, period_usec: u64) -> Bandwidth {
    let max = CpuMax {
        quota_usec: Some(quota_usec),
        period_usec,
    };
    Bandwidth::new(max).unwrap()
}

fn work(from: Instant, until: Instant, cpu: Duration) -> Work {
    Work {
        from,
        until,
        cpu_nsec: u64::try_from(cpu.as_nanos()).unwrap(),
        system_nsec: 0,
    }
}

/// Computes from `now` to `end` as one who never waits, `late` after every signal.
/// Returns what was used, of it in each period, and the throttling.
fn spin(
    bandwidth: &mut Bandwidth,
    start: Instant,
    end: Duration,
    late: Duration,
) -> (Duration, Vec<Duration>) {
    let (mut now, end) = (start, start + end);
    let periods = bandwidth.periods(now);
    let mut used = Vec::new();
    while now < end {
        match bandwidth.begin(now, &bell()) {
            Allowance::Left(left) => {
                let until = (now + left + late).min(end);
                bandwidth.charge(&work(now, until, until - now));
                bandwidth.end(now);
                let last = usize::try_from(periods.number(until - usec(1))).unwrap();
                used.resize(used.len().max(last + 1), Duration::ZERO);
                let mut at = now;
                while at < until {
                    let next = (periods.start(periods.number(at) + 1)).min(until);
                    used[usize::try_from(periods.number(at)).unwrap()] += next - at;
                    at = next;
                }
                now = until;
            }
            Allowance::Throttled { until } => {
                let until = (until + late).min(end);
                bandwidth.pause(now, until);
                now = until;
            }
            Allowance::Unlimited => panic!("a quota has no unlimited allowance"),
        }
    }
    (used.iter().sum(), used)
}

#[test]
fn a_guest_that_never_waits_gets_its_quota_in_every_period() {
    for (quota, throttled) in [(5000, 30), (10_000, 30), (25_000, 30), (50_000, 30)] {
        let mut bandwidth = bandwidth(quota, 100_000);
        let (used, each) = spin(
            &mut bandwidth,
            Instant::now(),
            usec(3_000_000),
            Duration::ZERO,
        );
        assert_eq!(used, usec(quota * 30));
        assert!(each.iter().all(|&used| used == usec(quota)), "{each:?}");
        let seen = bandwidth.throttling();
        assert_eq!((seen.nr_periods, seen.nr_throttled), (30, throttled));
        assert_eq!(seen.throttled, usec((100_000 - quota) * 30));
    }
}

#[test]
fn what_is_overdrawn_is_paid_so_that_the_mean_holds() {
    let mut bandwidth = bandwidth(10_000, 100_000);
    let (used, each) = spin(&mut bandwidth, Instant::now(), usec(10_000_000), usec(700));
    let most = each.iter().max().unwrap();
    assert!(*most <= usec(10_700), "{most:?}");
    // At the end the last delay is not paid yet.
    assert!(
        used >= usec(1_000_000) && used <= usec(1_000_700),
        "{used:?}"
    );
}

#[test]
fn a_large_debt_takes_several_periods() {
    let mut bandwidth = bandwidth(10_000, 100_000);
    let start = Instant::now();
    assert_eq!(
        bandwidth.begin(start, &bell()),
        Allowance::Left(usec(10_000))
    );
    let until = start + usec(45_000);
    bandwidth.charge(&work(start, until, usec(45_000)));
    bandwidth.end(start);
    // 35 ms over: paid by four quotas, of which the last leaves 5 ms.
    let again = start + usec(400_000);
    assert_eq!(
        bandwidth.begin(until, &bell()),
        Allowance::Throttled { until: again }
    );
    bandwidth.pause(until, again);
    assert_eq!(bandwidth.begin(again, &bell()), Allowance::Left(usec(5000)));
    let seen = bandwidth.throttling();
    assert_eq!((seen.nr_periods, seen.nr_throttled), (4, 4));
}

#[test]
fn a_debt_of_exactly_a_quota_is_paid_by_one_and_no_time_is_left() {
    let mut bandwidth = bandwidth(10_000, 100_000);
    let start = Instant::now();
    bandwidth.charge(&work(start, start + usec(20_000), usec(20_000)));
    let until = start + usec(200_000);
    let now = start + usec(20_000);
    assert_eq!(
        bandwidth.begin(now, &bell()),
        Allowance::Throttled { until }
    );
    let now = start + usec(100_000);
    assert_eq!(
        bandwidth.begin(now, &bell()),
        Allowance::Throttled { until }
    );
    assert_eq!(
        bandwidth.begin(until, &bell()),
        Allowance::Left(usec(10_000))
    );
}

#[test]
fn what_is_not_used_is_lost_and_idle_periods_do_not_count() {
    let mut bandwidth = bandwidth(50_000, 100_000);
    let start = Instant::now();
    bandwidth.charge(&work(start, start + usec(10), usec(10)));
    let later = start + usec(60_000_000);
    assert_eq!(
        bandwidth.begin(later, &bell()),
        Allowance::Left(usec(50_000))
    );
    bandwidth.charge(&work(later, later + usec(10), usec(10)));
    let seen = bandwidth.throttling();
    assert_eq!((seen.nr_periods, seen.nr_throttled), (2, 0));
}

#[test]
fn work_across_a_border_is_taken_from_both_periods() {
    let mut bandwidth = bandwidth(150_000, 100_000);
    let start = Instant::now();
    bandwidth.periods(start);
    // 150 ms of two threads' worth: a third of it in the first period.
    let (from, until) = (start + usec(75_000), start + usec(150_000));
    bandwidth.charge(&work(from, until, usec(75_000)));
    assert_eq!(
        bandwidth.begin(until, &bell()),
        Allowance::Left(usec(50_000))
    );
    bandwidth.end(until);
    // 100 ms of the second period are left, and the period has half of that.
    let later = start + usec(199_000);
    bandwidth.charge(&work(later, later, usec(99_000)));
    assert_eq!(bandwidth.begin(later, &bell()), Allowance::Left(usec(1000)));
    bandwidth.end(later);
    bandwidth.charge(&work(later, later, usec(999)));
    assert_eq!(bandwidth.begin(later, &bell()), Allowance::Left(usec(1)));
}

#[test]
fn who_is_charged_late_has_used_what_was_lost() {
    let mut bandwidth = bandwidth(250_000, 100_000);
    let start = Instant::now();
    let border = start + usec(100_000);
    bandwidth.periods(start);
    for _ in 0..2 {
        bandwidth.charge(&work(start, border + usec(10_000), usec(110_000)));
    }
    let now = border + usec(10_000);
    bandwidth.charge(&work(now, now, usec(229_999)));
    // Of 250 ms, two used 10 each, and a third 229.999.
    assert_eq!(bandwidth.begin(now, &bell()), Allowance::Left(usec(1)));
    // The first period had 50 ms left over; beyond them it is a debt.
    bandwidth.charge(&work(start, start, usec(51_000)));
    assert!(matches!(
        bandwidth.begin(now, &bell()),
        Allowance::Throttled { .. }
    ));
}

#[test]
fn two_who_compute_share_what_is_left_and_the_first_is_told() {
    let mut bandwidth = bandwidth(60_000, 100_000);
    let start = Instant::now();
    let rings = Arc::new(Rings::default());
    let first: Arc<dyn Bell> = rings.clone();
    assert_eq!(
        bandwidth.begin(start, &first),
        Allowance::Left(usec(60_000))
    );
    let second = start + usec(20_000);
    assert_eq!(
        bandwidth.begin(second, &bell()),
        Allowance::Left(usec(20_000))
    );
    assert_eq!(rings.0.load(Relaxed), 1);
    // Rung for, the first is charged and asks again: 40 ms, of which the second has
    // used nothing yet.
    bandwidth.charge(&work(start, second, usec(20_000)));
    bandwidth.end(start);
    assert_eq!(
        bandwidth.begin(second, &first),
        Allowance::Left(usec(20_000))
    );
    // Who was told enough is not rung for again.
    assert_eq!(rings.0.load(Relaxed), 1);
}

#[test]
fn the_smallest_and_the_largest_numbers_do_no_harm() {
    for (quota, period) in [
        (1, 1),
        (u64::MAX, 1),
        (u64::MAX, u64::MAX),
        (1, u64::MAX),
        (0, 0),
    ] {
        let mut bandwidth = bandwidth(quota, period);
        let start = Instant::now();
        bandwidth.begin(start, &bell());
        let day = Duration::from_secs(86_400);
        bandwidth.charge(&work(start, start + day, day));
        let mut huge = work(start, start + day, day);
        huge.cpu_nsec = u64::MAX;
        bandwidth.charge(&huge);
        bandwidth.charge(&huge);
        bandwidth.end(start);
        bandwidth.begin(start + day, &bell());
        bandwidth.pause(start, start + day);
    }
}
