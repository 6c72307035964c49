//! Charges, limits and usage over the tree.

use super::*;
use std::time::Duration;

/// Nobody listens.
struct Deaf;

impl Bell for Deaf {
    fn ring(&self) {}
}

fn memory(memory_max: Option<u64>) -> AccountLimits {
    AccountLimits {
        memory_max,
        ..AccountLimits::default()
    }
}

fn quota(quota_usec: u64) -> AccountLimits {
    AccountLimits {
        cpu: CpuMax {
            quota_usec: Some(quota_usec),
            period_usec: 100_000,
        },
        ..AccountLimits::default()
    }
}

fn usec(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn work(from: Instant, usec: u64) -> Work {
    Work {
        from,
        until: from + Duration::from_micros(usec),
        cpu_nsec: usec * 1000,
        system_nsec: usec * 250,
    }
}

#[test]
fn a_charge_over_the_limit_takes_nothing_and_counts_a_kill() {
    let account = Account::new(memory(Some(100)));
    account.charge_memory(60).unwrap();
    let over = account.charge_memory(41).unwrap_err();
    assert_eq!((over.max, over.current, over.asked), (100, 60, 41));
    account.charge_memory(40).unwrap();
    assert_eq!(account.memory_left(), Some(0));
    account.uncharge_memory(100);
    let memory = account.memory();
    assert_eq!((memory.current, memory.peak), (0, 100));
    assert_eq!(memory.events, MemoryEvents::kills(1));
}

#[test]
fn a_limit_above_binds_and_what_was_taken_below_is_given_back() {
    let pod = Arc::new(Account::new(memory(Some(100))));
    let one = Account::under(pod.clone(), memory(None));
    let two = Account::under(pod.clone(), memory(Some(90)));
    one.charge_memory(50).unwrap();
    assert_eq!(two.memory_left(), Some(50));
    assert_eq!(two.charge_memory(51).unwrap_err().max, 100);
    assert_eq!(two.memory().current, 0);
    assert_eq!(pod.memory().current, 50);
    // As the kernel counts: the kill is the container's, the limit the pod's.
    let kill = MemoryEvents {
        max: 0,
        oom: 0,
        oom_kill: 1,
    };
    assert_eq!(two.memory().events, kill);
    assert_eq!(pod.memory().events, MemoryEvents::kills(1));
    assert_eq!(one.memory().events, MemoryEvents::kills(0));
}

#[test]
fn memory_that_others_use_is_not_a_hooks_to_have() {
    let account = Account::new(memory(Some(100))).with_memory_in_use(70);
    assert_eq!(account.memory_left(), Some(30));
    assert_eq!(account.charge_memory(31).unwrap_err().current, 70);
    // Others may use more than there is.
    let account = Account::new(memory(Some(100))).with_memory_in_use(170);
    assert_eq!(account.memory_left(), Some(0));
    assert_eq!(account.charge_memory(1).unwrap_err().current, 170);
}

#[test]
fn cpu_time_goes_up_to_the_root() {
    let pod = Arc::new(Account::new(AccountLimits::default()));
    let container = Account::under(pod.clone(), quota(10_000));
    let now = Instant::now();
    container.charge_cpu(&work(now, 4));
    container.charge_cpu(&work(now, 8));
    let seen = pod.cpu();
    assert_eq!((seen.usage_nsec, seen.system_nsec), (12_000, 3000));
    // Without a quota no periods are counted, as in a cgroup.
    assert_eq!((seen.nr_periods, container.cpu().nr_periods), (0, 1));
}

#[test]
fn the_tightest_quota_on_the_way_up_binds() {
    let bell: Arc<dyn Bell> = Arc::new(Deaf);
    let pod = Arc::new(Account::new(quota(20_000)));
    let one = Account::under(pod.clone(), quota(50_000));
    let two = Account::under(pod.clone(), AccountLimits::default());
    let now = Instant::now();
    assert_eq!(one.begin_work(now, &bell), Allowance::Left(usec(20_000)));
    one.end_work(now, &work(now, 20_000));
    // Spent by the one, it is spent for the other.
    let later = now + usec(20_000);
    let until = now + usec(100_000);
    assert_eq!(two.begin_work(later, &bell), Allowance::Throttled { until });
    two.charge_throttled(later, until);
    // The pod stood still, not the container.
    assert_eq!((one.cpu().nr_throttled, pod.cpu().nr_throttled), (0, 1));
    assert_eq!(pod.cpu().throttled_usec, 80_000);
    // Nobody is left computing: all of it is for who asks first.
    assert_eq!(one.begin_work(until, &bell), Allowance::Left(usec(20_000)));
}

#[test]
fn without_a_quota_nothing_is_asked() {
    let bell: Arc<dyn Bell> = Arc::new(Deaf);
    let account = Account::new(AccountLimits::default());
    let now = Instant::now();
    assert_eq!(account.begin_work(now, &bell), Allowance::Unlimited);
    assert_eq!(account.periods(now), None);
}

#[test]
fn weights_are_named_from_the_root_down() {
    let pod = Arc::new(Account::new(AccountLimits::default()));
    let container = Account::under(
        pod.clone(),
        AccountLimits {
            weight: 300,
            ..AccountLimits::default()
        },
    );
    let weights: Vec<_> = container.weights().iter().map(|one| one.weight).collect();
    assert_eq!(weights, [100, 300]);
    assert_eq!(container.weights()[0], pod.weights()[0]);
}
