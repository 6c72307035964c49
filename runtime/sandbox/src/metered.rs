//! Measures the CPU time of a future's polls, and survives its panics.

use podhook_lifecycle::CpuUsage;
use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// CPU time of this thread, in nanoseconds. A system call, unlike the wall clock.
fn thread_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Two clocks, read together.
#[derive(Clone, Copy)]
struct Reading {
    cpu_nanos: u64,
    wall: Instant,
}

thread_local! {
    /// This thread's last reading.
    static LAST: Cell<Option<Reading>> = const { Cell::new(None) };
}

/// So soon after a reading of both clocks, the cheap one stands in for the other.
/// It cannot run slower than the thread, so a hook is never charged for more than it
/// used; it may go uncharged for this much where the thread was put aside just then.
const CLOSE: Duration = Duration::from_micros(20);

/// A stretch of work of this thread.
pub(crate) struct Stretch {
    from: u64,
}

impl Stretch {
    pub(crate) fn start() -> Self {
        Self::start_at(Instant::now())
    }

    /// `now` is the time, which the caller happens to know.
    pub(crate) fn start_at(now: Instant) -> Self {
        let gap = |last: Reading| now.saturating_duration_since(last.wall);
        let from = match LAST.get() {
            Some(last) if gap(last) < CLOSE => {
                last.cpu_nanos + u64::try_from(gap(last).as_nanos()).unwrap_or(0)
            }
            _ => thread_nanos(),
        };
        Self { from }
    }

    /// Adds what the thread worked since the start; returns the time.
    pub(crate) fn end(self, usage: &mut CpuUsage) -> Instant {
        let last = Reading {
            cpu_nanos: thread_nanos(),
            wall: Instant::now(),
        };
        LAST.set(Some(last));
        usage.usage_nsec += last.cpu_nanos.saturating_sub(self.from);
        last.wall
    }
}

/// Polls `inner` within a [`Stretch`] each time; the first one may have begun
/// before, so that what prepared the future is counted too.
pub(crate) struct Metered<'u, F> {
    inner: F,
    begun: Option<Stretch>,
    usage: &'u mut CpuUsage,
}

impl<'u, F: Future> Metered<'u, F> {
    pub(crate) fn new(inner: F, begun: Stretch, usage: &'u mut CpuUsage) -> Self {
        Self {
            inner,
            begun: Some(begun),
            usage,
        }
    }
}

impl<F: Future + Unpin> Future for Metered<'_, F> {
    /// `Err`: the payload of a panic. The last stretch is still open: what comes
    /// after the future may go on in it.
    type Output = (Result<F::Output, Box<dyn Any + Send>>, Stretch);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let stretch = this.begun.take().unwrap_or_else(Stretch::start);
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.inner).poll(cx)));
        match polled {
            Ok(Poll::Pending) => {
                stretch.end(this.usage);
                Poll::Pending
            }
            Ok(Poll::Ready(output)) => Poll::Ready((Ok(output), stretch)),
            Err(panic) => Poll::Ready((Err(panic), stretch)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    /// Computes until this thread's own clock says that `span` has passed.
    fn compute(span: Duration) {
        let until = thread_nanos() + u64::try_from(span.as_nanos()).unwrap();
        while thread_nanos() < until {
            black_box(0);
        }
    }

    #[test]
    fn stretches_add_up_to_no_more_than_the_thread_worked() {
        let mut usage = CpuUsage::default();
        let before = thread_nanos();
        for _ in 0..100 {
            let stretch = Stretch::start();
            compute(Duration::from_micros(100));
            stretch.end(&mut usage);
        }
        let worked = thread_nanos() - before;
        assert!(
            usage.usage_nsec <= worked,
            "{} of {worked}",
            usage.usage_nsec
        );
        assert!(usage.usage_nsec >= 100 * 80_000, "{}", usage.usage_nsec);
    }

    #[test]
    fn waiting_is_not_working() {
        let mut usage = CpuUsage::default();
        let stretch = Stretch::start();
        std::thread::park_timeout(Duration::from_millis(30));
        stretch.end(&mut usage);
        assert!(usage.usage_nsec < 25_000_000, "{}", usage.usage_nsec);
    }
}
