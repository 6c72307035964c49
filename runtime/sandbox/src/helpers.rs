//! The threads that do a worker's blocking calls, and what they use.
//!
//! WASI's files are read and written by a pool of threads, so that a file that blocks
//! does not stop the worker. The kernel's clocks tell what each of them used; which
//! hook it was for is told by who is polled next.

use nix::time::{ClockId, clock_gettime};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

/// What one worker's threads used.
#[derive(Debug, Default)]
pub(crate) struct Helpers {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    threads: Vec<rustix::process::Pid>,
    /// Nanoseconds of threads that are gone.
    gone: u64,
    /// Nanoseconds that were asked about already.
    told: u64,
}

thread_local! {
    /// Those of the worker that runs on this thread.
    static HELPERS: RefCell<Option<Arc<Helpers>>> = const { RefCell::new(None) };
}

impl Helpers {
    /// These serve this thread from now on; returns those that did.
    pub(crate) fn serve(helpers: Option<Arc<Self>>) -> Option<Arc<Self>> {
        HELPERS.replace(helpers)
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn came(&self) {
        self.with(|state| state.threads.push(rustix::thread::gettid()));
    }

    pub(crate) fn left(&self) {
        let own = rustix::thread::gettid();
        self.with(|state| {
            state.gone += nanos(own);
            state.threads.retain(|thread| *thread != own);
        });
    }

    fn used_since_asked(&self) -> u64 {
        self.with(|state| {
            let now: u64 = state.threads.iter().map(|thread| nanos(*thread)).sum();
            let now = state.gone + now;
            now.saturating_sub(std::mem::replace(&mut state.told, now))
        })
    }
}

/// CPU time of the threads that serve this one since this was asked last.
pub(crate) fn used_since_asked() -> u64 {
    HELPERS.with_borrow(|helpers| {
        let helpers = helpers.as_ref();
        helpers.map_or(0, |helpers| helpers.used_since_asked())
    })
}

/// Whether this thread does nothing but run hooks.
pub(crate) fn is_event_loop() -> bool {
    HELPERS.with_borrow(Option::is_some)
}

/// CPU time of a thread of this process, in nanoseconds; 0 where it is gone.
fn nanos(thread: rustix::process::Pid) -> u64 {
    // As the kernel's `CPUCLOCK_SCHED | CPUCLOCK_PERTHREAD_MASK`, and glibc's
    // `pthread_getcpuclockid`.
    let clock = ClockId::from_raw((!thread.as_raw_nonzero().get() << 3) | 6);
    let now = clock_gettime(clock).map_or(0, |now| {
        now.tv_sec().saturating_mul(1_000_000_000) + now.tv_nsec()
    });
    u64::try_from(now).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventLoop;
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    #[test]
    fn what_blocking_calls_use_is_told_once() {
        let event_loop = EventLoop::new().unwrap();
        let used = event_loop.block_on(async {
            let work = || {
                let begin = Instant::now();
                while begin.elapsed() < Duration::from_millis(20) {
                    black_box(0);
                }
                nanos(rustix::thread::gettid())
            };
            let own = tokio::task::spawn_blocking(work).await.unwrap();
            (used_since_asked(), own)
        });
        // The thread goes on for a moment after its task.
        assert!(used.0 >= used.1 && used.1 > 0, "{used:?}");
        assert_eq!(used_since_asked(), 0);
        event_loop.block_on(async { assert!(used_since_asked() < used.1) });
    }
}
