//! The threads that do a worker's blocking calls, and what they use.
//!
//! WASI's files are read and written by a pool of threads, so that a file that blocks
//! does not stop the worker. The kernel's clocks tell what each of them used; which
//! hook it was for is told by who is polled next.

use nix::time::{ClockId, clock_gettime};
use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};

/// Threads for blocking calls: hooks are few, and so are their files.
const THREADS: usize = 16;

/// Turns of other tasks before timers and sockets are looked at: a guest's slice is
/// long, and a deadline must not wait for many of them.
const TURNS_PER_LOOK: u32 = 4;

/// What one worker's threads used.
#[derive(Debug, Default)]
struct Helpers {
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
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn came(&self) {
        self.with(|state| state.threads.push(rustix::thread::gettid()));
    }

    fn left(&self) {
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

/// What a worker's thread runs hooks in: timers, sockets, and threads for blocking
/// calls, whose CPU time is charged to the hooks they serve.
///
/// Hooks run in another tokio runtime as well, but then without that charge.
pub struct EventLoop {
    runtime: Option<Runtime>,
    helpers: Arc<Helpers>,
}

impl EventLoop {
    /// One for this thread.
    ///
    /// # Errors
    /// Where the system has no more of what it takes.
    pub fn new() -> io::Result<Self> {
        let helpers = Arc::new(Helpers::default());
        let (came, left) = (helpers.clone(), helpers.clone());
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(THREADS)
            .event_interval(TURNS_PER_LOOK)
            .on_thread_start(move || came.came())
            .on_thread_stop(move || left.left())
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            helpers,
        })
    }

    /// Runs `future` and all that it spawns, on this thread.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let before = HELPERS.replace(Some(self.helpers.clone()));
        #[expect(clippy::unwrap_used, reason = "taken by drop alone")]
        let output = self.runtime.as_ref().unwrap().block_on(future);
        HELPERS.set(before);
        output
    }
}

impl Drop for EventLoop {
    /// Does not wait: a file that blocks (a FIFO without writer) must not hold us.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
