//! Measures the CPU time of a future's polls, and survives its panics.

use podhook_lifecycle::CpuUsage;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// CPU time of this thread, in nanoseconds.
fn thread_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// A stretch of work of this thread.
pub(crate) struct Stretch {
    from: u64,
}

impl Stretch {
    pub(crate) fn start() -> Self {
        Self {
            from: thread_nanos(),
        }
    }

    /// Adds what the thread worked since the start.
    pub(crate) fn end(self, usage: &mut CpuUsage) {
        usage.usage_nsec += thread_nanos().saturating_sub(self.from);
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
