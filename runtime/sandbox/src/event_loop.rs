//! What a worker's thread runs hooks in: timers, sockets, and threads for blocking
//! calls, whose CPU time is charged to the hooks they serve.
//!
//! A process that runs one hook makes them when the hook first waits for something:
//! most never do, and they cost as much as all the rest. Whatever in the host is about
//! to wait says so first (`need`).

use crate::helpers::Helpers;
use crate::stretch;
use std::cell::{OnceCell, RefCell};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads for blocking calls: hooks are few, and so are their files.
const THREADS: usize = 16;

/// Turns of other tasks before timers and sockets are looked at: a guest's slice is
/// long, and a deadline must not wait for many of them.
const TURNS_PER_LOOK: u32 = 4;

/// A worker's event loop.
///
/// Hooks run in another tokio runtime as well, but then what their blocking calls use is
/// not charged.
pub struct EventLoop {
    parts: Rc<Parts>,
}

#[derive(Default)]
struct Parts {
    runtime: OnceCell<Runtime>,
    helpers: Arc<Helpers>,
}

thread_local! {
    /// The loop that this thread will need once something waits.
    static LATER: RefCell<Option<Rc<Parts>>> = const { RefCell::new(None) };
}

impl EventLoop {
    /// One for this thread.
    ///
    /// # Errors
    /// Where the system has no more of what it takes.
    pub fn new() -> io::Result<Self> {
        let lazy = Self::lazy();
        lazy.parts.runtime()?;
        Ok(lazy)
    }

    /// One that is made when it is needed: for a process of one hook.
    #[must_use]
    pub fn lazy() -> Self {
        Self {
            parts: Rc::default(),
        }
    }

    /// Runs `future` and all that it spawns, on this thread. `waits` is called where it
    /// has to be waited for, if the loop was not there before.
    ///
    /// # Errors
    /// Where a lazy loop is needed and cannot be made.
    pub fn try_block_on<F: Future>(
        &self,
        future: F,
        waits: impl FnOnce(),
    ) -> io::Result<F::Output> {
        let mut future = pin!(future);
        if self.parts.runtime.get().is_none() {
            let before = LATER.replace(Some(self.parts.clone()));
            let first = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            LATER.set(before);
            if let Poll::Ready(output) = first {
                return Ok(output);
            }
            let _runtime = self.parts.runtime()?.enter();
            waits();
        }
        let runtime = self.parts.runtime()?;
        let before = Helpers::serve(Some(self.parts.helpers.clone()));
        let output = runtime.block_on(future);
        Helpers::serve(before);
        Ok(output)
    }

    /// The same for a loop that is there.
    ///
    /// # Panics
    /// Where a lazy loop cannot be made.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        #[expect(clippy::expect_used, reason = "documented")]
        self.try_block_on(future, || {}).expect("an event loop")
    }
}

impl Parts {
    fn runtime(&self) -> io::Result<&Runtime> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let (came, left) = (self.helpers.clone(), self.helpers.clone());
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(THREADS)
            .event_interval(TURNS_PER_LOOK)
            .on_thread_park(stretch::forget_last)
            .on_thread_start(move || came.came())
            .on_thread_stop(move || left.left())
            .build()?;
        Ok(self.runtime.get_or_init(|| runtime))
    }
}

impl Drop for Parts {
    /// Does not wait: a file that blocks (a FIFO without writer) must not hold us.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whether this thread's loop is yet to be made.
pub(crate) fn is_later() -> bool {
    LATER.with_borrow(Option::is_some) && Handle::try_current().is_err()
}

/// Something is about to wait: the loop has to be there.
///
/// # Errors
/// Where it cannot be made.
pub(crate) fn need() -> io::Result<()> {
    if !is_later() {
        return Ok(());
    }
    LATER.with_borrow(|parts| {
        if let Some(parts) = parts {
            // Until the end of the thread: where this is called, nobody can hold it.
            std::mem::forget(parts.runtime()?.enter());
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::time::Duration;

    #[test]
    fn a_loop_is_made_when_something_waits_and_not_before() {
        let event_loop = EventLoop::lazy();
        assert_eq!(event_loop.block_on(async { 7 }), 7);
        assert!(event_loop.parts.runtime.get().is_none());
        let waited = Cell::new(false);
        let sleeps = async {
            assert!(is_later());
            need().unwrap();
            assert!(!is_later());
            tokio::time::sleep(Duration::from_millis(1)).await;
            8
        };
        let slept = event_loop.try_block_on(sleeps, || waited.set(true));
        assert_eq!((slept.unwrap(), waited.get()), (8, true));
        // From then on it is there.
        assert_eq!(
            event_loop.block_on(async { tokio::task::spawn(async { 9 }).await.unwrap() }),
            9
        );
    }
}
