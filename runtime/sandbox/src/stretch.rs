//! How much CPU time this thread uses, stretch by stretch.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use podhook_lifecycle::Work;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// CPU time of this thread, in nanoseconds. A system call, unlike the wall clock.
fn thread_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// The part of it that the kernel worked, which it knows in samples only.
fn system_nanos() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_THREAD);
    let micros = usage.map_or(0, |usage| usage.system_time().num_microseconds());
    u64::try_from(micros).unwrap_or(0) * 1000
}

/// Two clocks, read together.
#[derive(Clone, Copy)]
struct Reading {
    cpu_nsec: u64,
    wall: Instant,
}

impl Reading {
    /// Of this thread; from now on its last.
    fn take() -> Self {
        let reading = Self {
            cpu_nsec: thread_nanos(),
            wall: Instant::now(),
        };
        LAST.set(Some(reading));
        reading
    }

    /// CPU time of this thread at a time that it has just read, from its last reading where
    /// that is close.
    fn near(now: Instant) -> Option<u64> {
        let last = LAST.get()?;
        let gap = now.saturating_duration_since(last.wall);
        let gap_nsec = u64::try_from(gap.as_nanos()).ok()?;
        (gap < CLOSE).then(|| last.cpu_nsec + gap_nsec)
    }
}

thread_local! {
    /// This thread's last reading.
    static LAST: Cell<Option<Reading>> = const { Cell::new(None) };
    /// CPU time at the end of its last stretch.
    static ENDED: Cell<Option<u64>> = const { Cell::new(None) };
    /// CPU time when the kernel's part was read last, and that part.
    static LAST_SYSTEM: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
}

/// So soon after a reading of both clocks, the cheap one stands in for the other, which is
/// a tenth of a warm hook. They differ where the thread was put aside and had its processor
/// again within this time: by no more than that, for a hook or against it.
const CLOSE: Duration = Duration::from_micros(20);

/// What this thread used until it waits is known no longer: time that it waits is not CPU
/// time, however short.
pub(crate) fn forget_last() {
    LAST.set(None);
}

/// CPU time after which the kernel's part of it is asked for: shorter stretches are
/// below what it samples.
const SAMPLED_NSEC: u64 = 1_000_000;

/// A stretch of work of this thread, under way.
pub(crate) struct Stretch {
    from: Instant,
    from_nsec: u64,
}

impl Stretch {
    pub(crate) fn start() -> Self {
        Self::start_at(Instant::now())
    }

    /// Goes on from this thread's last stretch, so that what it did to wait and to be
    /// woken is counted.
    pub(crate) fn go_on() -> Self {
        match ENDED.get() {
            Some(from_nsec) => Self {
                from: Instant::now(),
                from_nsec,
            },
            None => Self::start(),
        }
    }

    /// `now` is the time, which the caller happens to know.
    pub(crate) fn start_at(now: Instant) -> Self {
        let from_nsec = Reading::near(now).unwrap_or_else(|| Reading::take().cpu_nsec);
        if LAST_SYSTEM.get().is_none() {
            LAST_SYSTEM.set(Some((from_nsec, system_nanos())));
        }
        Self {
            from: now,
            from_nsec,
        }
    }

    /// When it began.
    pub(crate) fn began(&self) -> Instant {
        self.from
    }

    /// What the thread worked since the start. The next stretch begins where this one
    /// ends.
    pub(crate) fn split(&mut self) -> Work {
        let now = Instant::now();
        let near = Reading::near(now).map(|cpu_nsec| Reading {
            cpu_nsec,
            wall: now,
        });
        let until = near.unwrap_or_else(Reading::take);
        ENDED.set(Some(until.cpu_nsec));
        let cpu_nsec = until.cpu_nsec.saturating_sub(self.from_nsec);
        let work = Work {
            from: self.from,
            until: until.wall,
            cpu_nsec,
            system_nsec: system_part(cpu_nsec, until.cpu_nsec),
        };
        (self.from, self.from_nsec) = (until.wall, until.cpu_nsec);
        work
    }
}

/// The kernel's part of a stretch that ends now: its part of all that this thread did
/// since it was asked last.
fn system_part(cpu_nsec: u64, now_nsec: u64) -> u64 {
    let Some((then_nsec, then_system)) = LAST_SYSTEM.get() else {
        return 0;
    };
    let since = now_nsec.saturating_sub(then_nsec);
    if since < SAMPLED_NSEC {
        return 0;
    }
    let system = system_nanos();
    LAST_SYSTEM.set(Some((now_nsec, system)));
    let all = u128::from(system.saturating_sub(then_system));
    let part = all * u128::from(cpu_nsec) / u128::from(since);
    u64::try_from(part).unwrap_or(cpu_nsec).min(cpu_nsec)
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
        let mut used = 0;
        let before = thread_nanos();
        for _ in 0..100 {
            let mut stretch = Stretch::start();
            compute(Duration::from_micros(100));
            let work = stretch.split();
            used += work.cpu_nsec;
            assert!(work.system_nsec <= work.cpu_nsec);
        }
        let worked = thread_nanos() - before;
        assert!(used <= worked, "{used} of {worked}");
        assert!(used >= 100 * 80_000, "{used}");
    }

    #[test]
    fn a_split_loses_nothing_and_counts_nothing_twice() {
        let before = thread_nanos();
        let mut stretch = Stretch::start();
        let mut used = 0;
        let mut until = stretch.from;
        for _ in 0..50 {
            compute(Duration::from_micros(100));
            let work = stretch.split();
            assert_eq!(work.from, until);
            until = work.until;
            used += work.cpu_nsec;
        }
        let worked = thread_nanos() - before;
        assert!(used >= 50 * 100_000 && used <= worked, "{used} of {worked}");
    }

    #[test]
    fn short_stretches_add_up_as_well() {
        // Each far below the time in which no clock is read.
        let before = thread_nanos();
        let mut stretch = Stretch::start();
        let mut used = 0;
        while thread_nanos() < before + 20_000_000 {
            used += stretch.split().cpu_nsec;
        }
        let worked = thread_nanos() - before;
        let off = used.abs_diff(worked);
        assert!(off < worked / 10, "{used} of {worked}");
    }

    #[test]
    fn a_thread_that_waits_forgets_what_time_it_was() {
        let event_loop = crate::event_loop::EventLoop::new().unwrap();
        event_loop.block_on(async {
            let reading = Reading::take();
            assert!(Reading::near(reading.wall).is_some());
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(Reading::near(reading.wall).is_none());
        });
    }

    #[test]
    fn waiting_is_not_working() {
        let mut stretch = Stretch::start();
        std::thread::park_timeout(Duration::from_millis(30));
        let work = stretch.split();
        assert!(work.cpu_nsec < 25_000_000, "{work:?}");
    }

    #[test]
    fn the_kernels_part_is_told_apart() {
        // The kernel samples: over a quarter of a second it cannot be far off.
        let mut stretch = Stretch::start();
        let until = thread_nanos() + 250_000_000;
        while thread_nanos() < until {
            let _ = std::fs::read("/proc/self/maps");
        }
        let reads = stretch.split();
        assert!(reads.system_nsec * 2 > reads.cpu_nsec, "{reads:?}");
    }
}
