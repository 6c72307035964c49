//! How many hooks run at a time, and how many wait for it, for how long.

use podhook_runner::CommandError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Mappings of the program, its threads and its code.
const OTHER_MAPPINGS: usize = 2000;

/// Of a gate, or of all of them.
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
    /// Whether so many hooks fit into a process that may have so many mappings: two for a
    /// stack, from the start, and four for a memory and its image.
    ///
    /// # Errors
    /// 70, with what to do about it.
    pub(crate) fn fits(self, workers: usize, mappings: usize) -> Result<(), CommandError> {
        let of_hooks = self
            .share(workers)
            .running
            .saturating_mul(workers)
            .saturating_mul(6);
        match of_hooks.saturating_add(OTHER_MAPPINGS) <= mappings {
            true => Ok(()),
            false => {
                let why = format!(
                    "{} hooks take {of_hooks} mappings, and a process may have {mappings}",
                    self.running
                );
                let hint = "lower --max-concurrent, or raise vm.max_map_count";
                Err(CommandError::host_fault("--max-concurrent", why).hint(hint))
            }
        }
    }

    /// One of `parts` gates that have this width together.
    pub(super) fn share(self, parts: usize) -> Self {
        Self {
            running: self.running.div_ceil(parts),
            waiting: self.waiting.div_ceil(parts),
            ..self
        }
    }
}

/// One worker's.
pub(super) struct Gate {
    width: Width,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
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
    pub(super) fn new(width: Width) -> Self {
        Self {
            width,
            permits: Arc::new(Semaphore::new(width.running)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Lets in, now or later; in the order of arrival.
    pub(super) async fn enter(&self) -> Result<OwnedSemaphorePermit, Closed> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = Waits::among(&self.waiting, self.width.waiting).ok_or(Closed::Full)?;
        let permit = self.permits.clone().acquire_owned();
        match tokio::time::timeout(self.width.patience, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Closed::TooLong),
        }
    }

    /// Waits until nobody runs.
    pub(super) async fn emptied(&self) {
        let all = u32::try_from(self.width.running).unwrap_or(u32::MAX);
        let _ = self.permits.acquire_many(all).await;
    }

    /// Hooks that run or wait.
    pub(super) fn load(&self) -> usize {
        let free = self.permits.available_permits();
        self.width.running.saturating_sub(free) + self.waiting.load(SeqCst)
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

    #[test]
    fn who_does_not_fit_waits_who_finds_no_room_to_wait_is_turned_away() {
        paused(async {
            let gate = Arc::new(Gate::new(WIDTH));
            let first = gate.enter().await.unwrap();
            let other = gate.clone();
            let second = tokio::spawn(async move { other.enter().await.map(drop) });
            tokio::task::yield_now().await;
            assert_eq!(gate.load(), 2);
            assert_eq!(gate.enter().await.map(drop), Err(Closed::Full));
            drop(first);
            assert_eq!(second.await.unwrap(), Ok(()));
            assert_eq!(gate.load(), 0);
        });
    }

    #[test]
    fn nobody_waits_for_ever() {
        paused(async {
            let gate = Gate::new(WIDTH);
            let _first = gate.enter().await.unwrap();
            let began = tokio::time::Instant::now();
            assert_eq!(gate.enter().await.map(drop), Err(Closed::TooLong));
            assert_eq!(began.elapsed(), WIDTH.patience);
        });
    }

    #[test]
    fn who_goes_away_waits_no_longer() {
        paused(async {
            let gate = Gate::new(WIDTH);
            let _first = gate.enter().await.unwrap();
            drop(tokio::time::timeout(Duration::from_secs(1), gate.enter()).await);
            assert_eq!(gate.load(), 1);
        });
    }
}
