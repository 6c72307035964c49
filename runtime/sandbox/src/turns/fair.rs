//! Fair shares by weight, as the kernel's fair scheduler has them for one CPU.
//!
//! Members are ready or at rest, each in an account under accounts. Of the ready ones
//! in one account, each gets its weight's part of what the account gets. Pure.

use podhook_lifecycle::Weight;
use std::collections::HashMap;

/// The ready ones, and what each has had.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    members: HashMap<u64, Member>,
    /// Accounts that have ready members.
    accounts: HashMap<u64, AccountShare>,
    /// Weights of the topmost of them, together.
    top: u64,
    /// No ready member has had less, ever.
    floor: f64,
    arrivals: u64,
}

#[derive(Debug)]
struct Member {
    /// CPU time it had, in nanoseconds by the part of the CPU that it was due.
    had: f64,
    /// When it became ready, counted.
    arrival: u64,
    /// From the topmost account down.
    path: Vec<Weight>,
    is_ready: bool,
}

/// An account with ready members below it.
#[derive(Debug, Default)]
struct AccountShare {
    ready: u64,
    /// Weights of accounts directly below that have ready members, together.
    below: u64,
}

impl FairQueue {
    /// Makes a member ready; one that was not known goes first.
    pub(super) fn enter(&mut self, number: u64, weights: impl FnOnce() -> Vec<Weight>) {
        let (first, floor) = (self.least(), self.floor);
        self.arrivals += 1;
        let arrival = self.arrivals;
        let member = self.members.entry(number).or_insert_with(|| Member {
            had: f64::NEG_INFINITY,
            arrival,
            path: weights(),
            is_ready: false,
        });
        if std::mem::replace(&mut member.is_ready, true) {
            return;
        }
        // Of equals the latest goes first.
        member.had = member.had.max(first.unwrap_or(floor));
        member.arrival = arrival;
        let path = member.path.clone();
        self.add(&path);
    }

    /// Whose turn it is: of the ready ones who had least, the latest.
    pub(super) fn first(&self) -> Option<u64> {
        let ready = self.members.iter().filter(|(_, member)| member.is_ready);
        ready
            .min_by(|(_, one), (_, other)| {
                let by_arrival = || other.arrival.cmp(&one.arrival);
                one.had.total_cmp(&other.had).then_with(by_arrival)
            })
            .map(|(number, _)| *number)
    }

    fn least(&self) -> Option<f64> {
        let first = self.members.get(&self.first()?)?;
        Some(first.had)
    }

    /// Counts what a ready member used.
    #[expect(clippy::cast_precision_loss, reason = "a part of a CPU")]
    pub(super) fn charge(&mut self, number: u64, cpu_nsec: u64) {
        let Some(member) = self.members.get(&number).filter(|member| member.is_ready) else {
            return;
        };
        let due = self.due(&member.path);
        if let Some(member) = self.members.get_mut(&number) {
            member.had += cpu_nsec as f64 / due;
        }
        if let Some(least) = self.least() {
            self.floor = self.floor.max(least);
        }
    }

    /// The part of the CPU that a member of this account is due, above 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a part of a CPU")]
    fn due(&self, path: &[Weight]) -> f64 {
        let mut among = self.top;
        let mut due = 1.0;
        for step in path {
            due *= step.weight.max(1) as f64 / among.max(1) as f64;
            let account = self.accounts.get(&step.member);
            among = account.map_or(0, |account| account.below);
        }
        let last = path.last().and_then(|last| self.accounts.get(&last.member));
        // Those directly in the account are equals.
        due / last.map_or(1, |account| account.ready.max(1)) as f64
    }

    /// A member is ready no longer; what it had is kept.
    pub(super) fn rest(&mut self, number: u64) {
        if let Some(member) = self.members.get_mut(&number)
            && std::mem::take(&mut member.is_ready)
        {
            let path = member.path.clone();
            self.remove(&path);
        }
    }

    /// A member is gone.
    pub(super) fn leave(&mut self, number: u64) {
        self.rest(number);
        self.members.remove(&number);
    }

    fn add(&mut self, path: &[Weight]) {
        let mut above: Option<u64> = None;
        for step in path {
            let account = self.accounts.entry(step.member).or_default();
            account.ready += 1;
            if account.ready == 1 {
                match above.and_then(|above| self.accounts.get_mut(&above)) {
                    Some(above) => above.below += step.weight.max(1),
                    None => self.top += step.weight.max(1),
                }
            }
            above = Some(step.member);
        }
    }

    fn remove(&mut self, path: &[Weight]) {
        let mut above: Option<u64> = None;
        for step in path {
            let Some(account) = self.accounts.get_mut(&step.member) else {
                continue;
            };
            account.ready -= 1;
            if account.ready == 0 {
                match above.and_then(|above| self.accounts.get_mut(&above)) {
                    Some(above) => above.below -= step.weight.max(1),
                    None => self.top -= step.weight.max(1),
                }
            }
            above = Some(step.member);
        }
        let accounts = &mut self.accounts;
        for step in path {
            if accounts
                .get(&step.member)
                .is_some_and(|account| account.ready == 0)
            {
                accounts.remove(&step.member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLICE: u64 = 4_000_000;

    fn path(weights: &[(u64, u64)]) -> Vec<Weight> {
        let weight = |&(member, weight)| Weight { member, weight };
        weights.iter().map(weight).collect()
    }

    /// Lets who is first use a slice, so often; returns what each used.
    fn turns(queue: &mut FairQueue, count: usize) -> HashMap<u64, u64> {
        let mut used = HashMap::new();
        for _ in 0..count {
            let first = queue.first().unwrap();
            queue.charge(first, SLICE);
            *used.entry(first).or_default() += SLICE;
        }
        used
    }

    fn parts(used: &HashMap<u64, u64>) -> Vec<u64> {
        let mut parts: Vec<_> = used.iter().collect();
        parts.sort();
        let all: u64 = used.values().sum();
        parts.iter().map(|(_, part)| (*part * 1000) / all).collect()
    }

    #[test]
    fn weights_one_to_three() {
        let mut queue = FairQueue::default();
        queue.enter(1, || path(&[(10, 100)]));
        queue.enter(2, || path(&[(20, 300)]));
        assert_eq!(parts(&turns(&mut queue, 4000)), [250, 750]);
    }

    #[test]
    fn two_of_one_container_share_its_part() {
        let mut queue = FairQueue::default();
        queue.enter(1, || path(&[(1, 100), (10, 100)]));
        queue.enter(2, || path(&[(1, 100), (10, 100)]));
        queue.enter(3, || path(&[(1, 100), (20, 300)]));
        assert_eq!(parts(&turns(&mut queue, 8000)), [125, 125, 750]);
        queue.leave(2);
        assert_eq!(parts(&turns(&mut queue, 8000)), [250, 750]);
        queue.rest(3);
        assert_eq!(parts(&turns(&mut queue, 80)), [1000]);
    }

    #[test]
    fn pods_come_before_their_containers() {
        let mut queue = FairQueue::default();
        // A pod of weight 100 with a heavy container beside a pod of weight 300.
        queue.enter(1, || path(&[(1, 100), (10, 10_000)]));
        queue.enter(2, || path(&[(2, 300), (20, 1)]));
        assert_eq!(parts(&turns(&mut queue, 4000)), [250, 750]);
    }

    #[test]
    fn who_has_just_arrived_goes_first_and_pays_like_all() {
        let mut queue = FairQueue::default();
        for number in 1..=500 {
            queue.enter(number, || path(&[(number, 100)]));
        }
        turns(&mut queue, 5000);
        queue.enter(999, || path(&[(999, 100)]));
        assert_eq!(queue.first(), Some(999));
        queue.charge(999, SLICE);
        assert_ne!(queue.first(), Some(999));
        let used = turns(&mut queue, 501 * 10);
        assert!((9..=11).contains(&(used[&999] / SLICE)), "{}", used[&999]);
    }

    #[test]
    fn who_rested_goes_first_but_saves_nothing_up() {
        let mut queue = FairQueue::default();
        queue.enter(1, || path(&[(1, 100)]));
        queue.enter(2, || path(&[(2, 100)]));
        turns(&mut queue, 10);
        queue.rest(2);
        turns(&mut queue, 1000);
        queue.enter(2, Vec::new);
        assert_eq!(queue.first(), Some(2));
        assert_eq!(parts(&turns(&mut queue, 1000)), [500, 500]);
        // Nor does who left and comes back with more than its part go first.
        queue.rest(1);
        queue.enter(1, Vec::new);
        turns(&mut queue, 1);
    }

    #[test]
    fn nothing_is_left_behind() {
        let mut queue = FairQueue::default();
        for number in 0..10 {
            queue.enter(number, || path(&[(1, 5), (number % 3 + 2, 7)]));
            queue.enter(number, || path(&[(1, 5)]));
        }
        for number in 0..10 {
            queue.rest(number);
            queue.rest(number);
            queue.leave(number);
            queue.leave(number);
        }
        assert_eq!(
            (queue.top, queue.accounts.len(), queue.members.len()),
            (0, 0, 0)
        );
        assert_eq!(queue.first(), None);
        queue.charge(3, SLICE);
    }
}
