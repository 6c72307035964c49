//! How many hooks run at a time, and how many wait for it, for how long.
//!
//! All workers together have so many places; a worker alone has as many as its pool has
//! slots, which is all of them where the machine can hold that.

use podhook_runner::CommandError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Mappings of the program, its threads and its code.
const OTHER_MAPPINGS: usize = 2000;

/// Mappings of a slot's stack, from the start.
const OF_SLOT: usize = 2;

/// Mappings of a hook that runs: its memory, and the memory's image.
const OF_HOOK: usize = 4;

/// How many, of all workers together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Width {
    /// Hooks that run at a time.
    pub(crate) running: usize,
    /// Calls that wait.
    pub(crate) waiting: usize,
    /// How long at most.
    pub(crate) patience: Duration,
}

impl Width {
    /// Slots of each of so many workers, in a process that may have so many mappings.
    ///
    /// # Errors
    /// 70, with what to do about it.
    pub(crate) fn slots(self, workers: usize, mappings: usize) -> Result<usize, CommandError> {
        let takes = |slots: usize| {
            let slots = slots.saturating_mul(workers).saturating_mul(OF_SLOT);
            let hooks = self.running.saturating_mul(OF_HOOK);
            slots.saturating_add(hooks).saturating_add(OTHER_MAPPINGS)
        };
        let share = self.running.div_ceil(workers);
        match (takes(self.running) <= mappings, takes(share) <= mappings) {
            (true, _) => Ok(self.running),
            (false, true) => Ok(share),
            (false, false) => {
                let (hooks, needed) = (self.running, takes(share));
                let why = format!(
                    "{hooks} hooks take {needed} mappings, and a process may have {mappings}"
                );
                let hint = "lower --max-concurrent, or raise vm.max_map_count";
                Err(CommandError::host_fault("--max-concurrent", why).hint(hint))
            }
        }
    }
}

/// What all workers share.
pub(super) struct Places {
    width: Width,
    all: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Places {
    pub(super) fn new(width: Width) -> Self {
        Self {
            width,
            all: Arc::new(Semaphore::new(width.running)),
            waiting: AtomicUsize::new(0),
        }
    }
}

/// One worker's.
pub(super) struct Gate {
    places: Arc<Places>,
    slots: usize,
    own: Arc<Semaphore>,
}

/// A place, until it is dropped.
pub(super) struct Permit {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

/// Why a hook was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// As many wait as may.
    Full,
    /// It waited for as long as it may.
    TooLong,
}

impl Closed {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "the queue is full",
            Self::TooLong => "waited too long in the queue",
        }
    }
}

impl Gate {
    pub(super) fn new(places: Arc<Places>, slots: usize) -> Self {
        Self {
            places,
            slots,
            own: Arc::new(Semaphore::new(slots)),
        }
    }

    /// Lets in, now or later; in the order of arrival.
    pub(super) async fn enter(&self) -> Result<Permit, Closed> {
        let (all, own) = (&self.places.all, &self.own);
        if let Ok(all) = all.clone().try_acquire_owned()
            && let Ok(own) = own.clone().try_acquire_owned()
        {
            return Ok(Permit {
                _all: all,
                _own: own,
            });
        }
        let Width {
            waiting, patience, ..
        } = self.places.width;
        let _waits = Waits::among(&self.places.waiting, waiting).ok_or(Closed::Full)?;
        let permit = async {
            // Its own first: a place that cannot be used is not taken from others.
            let own = own.clone().acquire_owned().await.ok()?;
            let all = all.clone().acquire_owned().await.ok()?;
            Some(Permit {
                _all: all,
                _own: own,
            })
        };
        match tokio::time::timeout(patience, permit).await {
            Ok(Some(permit)) => Ok(permit),
            Ok(None) | Err(_) => Err(Closed::TooLong),
        }
    }

    /// Hooks that run here.
    pub(super) fn load(&self) -> usize {
        self.slots.saturating_sub(self.own.available_permits())
    }
}

/// One that waits, until it is dropped: also where its client goes away.
struct Waits<'g>(&'g AtomicUsize);

impl<'g> Waits<'g> {
    fn among(waiting: &'g AtomicUsize, most: usize) -> Option<Self> {
        let waits = Self(waiting);
        // Dropped, it is taken back.
        (waiting.fetch_add(1, SeqCst) < most).then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Builder;

    fn paused<F: Future>(test: F) -> F::Output {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        runtime.unwrap().block_on(test)
    }

    const WIDTH: Width = Width {
        running: 1,
        waiting: 1,
        patience: Duration::from_secs(5),
    };

    fn gates() -> [Arc<Gate>; 2] {
        let places = Arc::new(Places::new(WIDTH));
        [(); 2].map(|()| Arc::new(Gate::new(places.clone(), 1)))
    }

    #[test]
    fn who_does_not_fit_waits_who_finds_no_room_to_wait_is_turned_away() {
        paused(async {
            let [one, other] = gates();
            let first = one.enter().await.unwrap_or_else(|_| panic!("it is free"));
            let gate = other.clone();
            let second = tokio::spawn(async move { gate.enter().await.map(drop) });
            tokio::task::yield_now().await;
            // Of another worker, and counted with it.
            assert_eq!(other.enter().await.map(drop), Err(Closed::Full));
            assert_eq!((one.load(), other.load()), (1, 1));
            drop(first);
            assert_eq!(second.await.unwrap(), Ok(()));
            assert_eq!((one.load(), other.load()), (0, 0));
        });
    }

    #[test]
    fn nobody_waits_for_ever() {
        paused(async {
            let [gate, _] = gates();
            let _first = gate.enter().await;
            let began = tokio::time::Instant::now();
            assert_eq!(gate.enter().await.map(drop), Err(Closed::TooLong));
            assert_eq!(began.elapsed(), WIDTH.patience);
        });
    }

    #[test]
    fn slots_are_for_all_where_the_machine_can_hold_them() {
        let width = |running| Width { running, ..WIDTH };
        let slots = |running, workers| width(running).slots(workers, 65_530).ok();
        assert_eq!(slots(1, 4), Some(1));
        assert_eq!(slots(1000, 2), Some(1000));
        assert_eq!(slots(10_000, 2), Some(5000));
        assert_eq!(slots(1_000_000, 2), None);
    }
}
