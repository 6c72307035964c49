//! Who computes next, of the hooks of one worker.
//!
//! A worker is one thread: a guest that computes keeps all others from being polled.
//! Hooks that are ready take turns by weight, a slice of time each; who has just
//! arrived goes first. One that is alone only makes way now and then, so that timers,
//! sockets and newcomers are seen. After each slice the worker looks for calls and timers:
//! else it would go from one slice to the next, dozens of them, as executors do.
//!
//! The future of a run that is ready must be polled when it is woken, or dropped: its
//! turn is kept for it, as a semaphore keeps a permit.

mod fair;

use fair::FairQueue;
use podhook_lifecycle::Meter;
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

/// How long one computes while others may want to: as long as a kernel's, which is 3 to
/// 4 ms with few tasks.
const SLICE: Duration = Duration::from_millis(4);

/// How long one computes that is alone, before the worker looks whether it still is.
const ALONE: Duration = Duration::from_millis(50);

/// One worker's.
#[derive(Default)]
pub(crate) struct Turns {
    /// Hooks under way, ready or not.
    present: AtomicUsize,
    /// Somebody waits who is not under way yet.
    knocked: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    fair: FairQueue,
    wakers: HashMap<u64, Waker>,
    next: u64,
    /// A slice was used, and the worker has not looked for others since.
    is_looking: bool,
}

impl Queue {
    /// Wakes whose turn it is, unless that is to be said later.
    fn wake_first(&self) {
        if self.is_looking {
            return;
        }
        if let Some(waker) = self.fair.first().and_then(|first| self.wakers.get(&first)) {
            waker.wake_by_ref();
        }
    }
}

impl Turns {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a hook may compute before the worker looks after others.
    pub(crate) fn slice(&self) -> Duration {
        match self.are_taken() {
            true => SLICE,
            false => ALONE,
        }
    }

    /// Whether there is but one hook.
    pub(crate) fn is_alone(&self) -> bool {
        self.present.load(SeqCst) == 1
    }

    fn are_taken(&self) -> bool {
        self.present.load(SeqCst) > 1 || self.knocked.load(SeqCst)
    }

    /// Somebody who is not under way yet waits for the worker.
    pub(crate) fn knock(&self) {
        self.knocked.store(true, SeqCst);
    }
}

/// The worker looks for others, until this is dropped: who deferred it may also forget it, as
/// an event loop does that ends.
struct Looking(Arc<Turns>);

impl Wake for Looking {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Looking {
    fn drop(&mut self) {
        let queue = &mut *self.0.queue();
        queue.is_looking = false;
        queue.wake_first();
    }
}

/// One run's.
pub(crate) struct Seat<'m> {
    turns: Arc<Turns>,
    meter: &'m dyn Meter,
    /// Once it had to queue.
    number: Option<u64>,
}

impl<'m> Seat<'m> {
    pub(crate) fn new(turns: Arc<Turns>, meter: &'m dyn Meter) -> Self {
        turns.present.fetch_add(1, SeqCst);
        Self {
            turns,
            meter,
            number: None,
        }
    }

    /// Whether it is this run's turn; if not, the waker is called when it is.
    pub(crate) fn is_next(&mut self, waker: &Waker) -> bool {
        if self.number.is_none() && !self.turns.are_taken() {
            return true;
        }
        self.turns.knocked.store(false, SeqCst);
        let queue = &mut *self.turns.queue();
        let number = *self.number.get_or_insert_with(|| {
            queue.next += 1;
            queue.next
        });
        queue.fair.enter(number, || self.meter.weights());
        if !queue.is_looking && queue.fair.first() == Some(number) {
            return true;
        }
        queue.wakers.insert(number, waker.clone());
        queue.wake_first();
        false
    }

    /// This run used its slice, or part of it, and is still ready.
    pub(crate) fn give_way(&self, cpu_nsec: u64, waker: &Waker) {
        let Some(number) = self.number else {
            return wake_later(waker);
        };
        {
            let queue = &mut *self.turns.queue();
            queue.fair.charge(number, cpu_nsec);
            queue.wakers.insert(number, waker.clone());
            queue.is_looking = true;
        }
        wake_later(&Waker::from(Arc::new(Looking(self.turns.clone()))));
    }

    /// This run waits for something else than its turn.
    pub(crate) fn rest(&self, cpu_nsec: u64) {
        if let Some(number) = self.number {
            let queue = &mut *self.turns.queue();
            queue.fair.charge(number, cpu_nsec);
            queue.fair.rest(number);
            queue.wake_first();
        }
    }

    /// Whether others are asked for their turns.
    pub(crate) fn queues(&self) -> bool {
        self.number.is_some()
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.turns.present.fetch_sub(1, SeqCst);
        if let Some(number) = self.number {
            let queue = &mut *self.turns.queue();
            queue.fair.leave(number);
            queue.wakers.remove(&number);
            queue.wake_first();
        }
    }
}

/// Once the worker has looked for timers and sockets.
fn wake_later(waker: &Waker) {
    let later = pin!(tokio::task::yield_now());
    // Pending, with the waker kept for it.
    let _ = later.poll(&mut Context::from_waker(waker));
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook_lifecycle::meter::Free;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    impl Woken {
        fn times(&self) -> usize {
            self.0.load(SeqCst)
        }
    }

    fn block_on(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(test);
    }

    #[test]
    fn after_a_slice_others_are_looked_for_before_the_next() {
        block_on(one_after_the_other());
    }

    #[test]
    fn who_comes_meanwhile_goes_first() {
        block_on(a_newcomer());
    }

    async fn one_after_the_other() {
        let (turns, woken) = (Arc::new(Turns::default()), Arc::<Woken>::default());
        let waker = Waker::from(woken.clone());
        let mut one = Seat::new(turns.clone(), &Free);
        let mut other = Seat::new(turns.clone(), &Free);
        assert!(one.is_next(&waker));
        one.give_way(1000, &waker);
        // Not even for who has had nothing yet.
        assert!(!other.is_next(&waker));
        assert_eq!(woken.times(), 0);
        tokio::task::yield_now().await;
        assert_eq!(woken.times(), 1);
        assert!(!one.is_next(&waker));
        assert!(other.is_next(&waker));
        drop(other);
        assert!(one.is_next(&waker));
    }

    #[test]
    fn an_event_loop_that_ends_meanwhile_stops_nobody() {
        let (turns, woken) = (Arc::new(Turns::default()), Arc::<Woken>::default());
        let waker = Waker::from(woken.clone());
        let mut one = Seat::new(turns.clone(), &Free);
        let mut other = Seat::new(turns, &Free);
        block_on(async {
            assert!(one.is_next(&waker));
            one.give_way(1000, &waker);
        });
        assert_eq!(woken.times(), 1);
        assert!(other.is_next(&waker));
    }

    async fn a_newcomer() {
        let (turns, woken) = (Arc::new(Turns::default()), Arc::<Woken>::default());
        let waker = Waker::from(woken.clone());
        let mut loops: Vec<_> = (0..3).map(|_| Seat::new(turns.clone(), &Free)).collect();
        for seat in &mut loops {
            assert!(seat.is_next(&waker));
            seat.give_way(1000, &waker);
            tokio::task::yield_now().await;
        }
        let first = Arc::<Woken>::default();
        let mut newcomer = Seat::new(turns, &Free);
        loops[0].give_way(1000, &waker);
        assert!(!newcomer.is_next(&Waker::from(first.clone())));
        tokio::task::yield_now().await;
        assert_eq!(first.times(), 1);
        assert!(newcomer.is_next(&waker));
    }
}
