//! Interrupts guests that never call the host, and wakes hooks that were paused.
//!
//! One thread per engine, asleep until the earliest time somebody asked for; then
//! it increments the engine's epoch, and every guest that computes calls back and
//! looks at its own clock. There is no ticking: an engine without a computing guest
//! costs nothing.
//!
//! An alarm rings for nobody before it is started: a process with one hook that has no
//! limit does without its thread.
//!
//! What was asked for is not taken back. A guest that ended early leaves one idle
//! wake-up behind, which is cheaper than waking the thread to tell it.
//!
//! A guest that is just resumed does not hear what rings before it computes. So whoever
//! computes answers a ring by asking for the next one, and as long as nobody answers, it
//! is rung again.

use podhook_lifecycle::Bell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::thread::Thread;
use std::time::{Duration, Instant};
use wasmtime::{Engine, EngineWeak};

const NEVER: u64 = u64::MAX;

/// Looks for an answer, of some tens of nanoseconds each.
const SPINS: u32 = 100;

/// One engine's alarm.
pub(crate) struct Alarm {
    shared: Arc<Shared>,
    thread: OnceLock<Thread>,
    starting: Mutex<()>,
}

struct Shared {
    engine: EngineWeak,
    origin: Instant,
    /// When to ring, in nanoseconds after `origin`.
    ring_at: AtomicU64,
    /// Guests that are being polled.
    computing: AtomicUsize,
    /// When to wake the first of `sleepers`, likewise.
    wake_at: AtomicU64,
    sleepers: Mutex<BinaryHeap<Sleeper>>,
    stop: AtomicBool,
    #[cfg(test)]
    rings: AtomicU64,
}

/// Who is to be woken; the first to be is the greatest.
struct Sleeper {
    at: Reverse<u64>,
    waker: Waker,
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Sleeper {}

impl Alarm {
    pub(crate) fn new(engine: &Engine) -> Self {
        let shared = Arc::new(Shared {
            engine: engine.weak(),
            origin: Instant::now(),
            ring_at: AtomicU64::new(NEVER),
            computing: AtomicUsize::new(0),
            wake_at: AtomicU64::new(NEVER),
            sleepers: Mutex::default(),
            stop: AtomicBool::new(false),
            #[cfg(test)]
            rings: AtomicU64::new(0),
        });
        Self {
            shared,
            thread: OnceLock::new(),
            starting: Mutex::default(),
        }
    }

    /// Starts the thread, unless it is started.
    ///
    /// # Errors
    /// Where no thread is to be had: then no deadline could be kept.
    pub(crate) fn start(&self) -> std::io::Result<()> {
        let _one = self.starting.lock();
        if self.is_started() {
            return Ok(());
        }
        let served = self.shared.clone();
        let builder = std::thread::Builder::new().name("podhook-alarm".to_owned());
        let started = builder.spawn(move || served.serve())?;
        let _ = self.thread.set(started.thread().clone());
        Ok(())
    }

    fn is_started(&self) -> bool {
        self.thread.get().is_some()
    }

    /// A guest is being polled, until [`Alarm::rests`].
    pub(crate) fn computes(&self) {
        self.shared.computing.fetch_add(1, SeqCst);
    }

    /// It is no longer.
    pub(crate) fn rests(&self) {
        self.shared.computing.fetch_sub(1, SeqCst);
    }

    /// Increments the epoch at `at`, or before. Whoever computes and looks up has to ask
    /// again, whenever it was: that is how it is known to have heard.
    pub(crate) fn at(&self, at: Instant) {
        self.sooner(&self.shared.ring_at, nanos_between(self.shared.origin, at));
    }

    /// Wakes `waker` at `at`, once.
    pub(crate) fn wake(&self, at: Instant, waker: Waker) {
        let nanos = nanos_between(self.shared.origin, at);
        let at = Reverse(nanos);
        self.shared.sleepers().push(Sleeper { at, waker });
        self.sooner(&self.shared.wake_at, nanos);
    }

    /// Whoever computes has heard, and asks for nothing before it rests.
    pub(crate) fn answered(&self, at: Instant) {
        let nanos = nanos_between(self.shared.origin, at);
        self.shared.ring_at.fetch_min(nanos, SeqCst);
    }

    fn sooner(&self, known: &AtomicU64, nanos: u64) {
        if known.fetch_min(nanos, SeqCst) > nanos
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

/// This thread has to run when it is due, also where every processor computes: among
/// equals the kernel lets who runs finish its slice of 3 ms. It may not be ours to say;
/// then a throttled guest runs on for so long.
#[expect(unsafe_code, reason = "no safe binding")]
fn hurry() {
    let priority: libc::c_int = 1;
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // As the kernel has it: musl's function of this name refuses always.
    let call = libc::SYS_sched_setscheduler;
    // SAFETY: 0 is this thread, and the parameter, a number, outlives the call.
    let refused = unsafe { libc::syscall(call, 0, policy, &raw const priority) } != 0;
    if refused {
        let own = Some(rustix::thread::gettid());
        let nice = rustix::process::setpriority_process(own, -20);
        tracing::debug!("the alarm has no real-time priority; nice -20: {nice:?}");
    }
}

impl Bell for Alarm {
    fn ring(&self) {
        self.at(Instant::now());
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl Shared {
    fn sleepers(&self) -> MutexGuard<'_, BinaryHeap<Sleeper>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        #[cfg(test)]
        self.rings.fetch_add(1, SeqCst);
        if let Some(engine) = self.engine.upgrade() {
            engine.increment_epoch();
        }
    }

    fn serve(&self) {
        let mut again = None;
        let mut hurries = false;
        while !self.stop.load(SeqCst) {
            let now = nanos_between(self.origin, Instant::now());
            self.ring_if_due(now, &mut again);
            if self.wake_at.load(SeqCst) <= now {
                self.wake_at.store(NEVER, SeqCst);
                self.wake_until(now);
                // Not before somebody is throttled: a process with such a thread cannot
                // move to every cgroup.
                if !std::mem::replace(&mut hurries, true) {
                    hurry();
                }
            }
            let asked = self.ring_at.load(SeqCst).min(self.wake_at.load(SeqCst));
            match asked.min(again.map_or(NEVER, |again: Again| again.at)) {
                NEVER => std::thread::park(),
                at if at > now => std::thread::park_timeout(Duration::from_nanos(at - now)),
                _ => {}
            }
        }
    }

    fn ring_if_due(&self, now: u64, again: &mut Option<Again>) {
        // Taken before the ring: who asks from here on is heard next time.
        let asked = self.ring_at.swap(NEVER, SeqCst);
        if asked <= now {
            self.ring();
            *again = self.is_unheard().then(|| Again::first(now));
        } else if asked < NEVER {
            self.ring_at.fetch_min(asked, SeqCst);
            *again = None;
        } else if self.computing.load(SeqCst) == 0 {
            *again = None;
        } else if let Some(unheard) = again.filter(|again| again.at <= now) {
            self.ring();
            *again = Some(unheard.next(now));
        }
    }

    /// Whether nobody answers at once: most do within a microsecond or two, and not to
    /// sleep over that is cheaper.
    fn is_unheard(&self) -> bool {
        (0..SPINS).all(|_| {
            std::hint::spin_loop();
            self.ring_at.load(SeqCst) == NEVER && self.computing.load(SeqCst) > 0
        })
    }

    /// Wakes those whose time has come, and says when the next one's does.
    fn wake_until(&self, now: u64) {
        let mut sleepers = self.sleepers();
        let mut due = Vec::new();
        while let Some(sleeper) = sleepers.pop() {
            if sleeper.at.0 > now {
                self.wake_at.fetch_min(sleeper.at.0, SeqCst);
                sleepers.push(sleeper);
                break;
            }
            due.push(sleeper.waker);
        }
        drop(sleepers);
        due.into_iter().for_each(Waker::wake);
    }
}

/// A ring that nobody has answered.
#[derive(Clone, Copy)]
struct Again {
    /// When to ring again.
    at: u64,
    /// How long was waited for it.
    waited: u64,
}

impl Again {
    /// A guest hears within a microsecond, if it was listening.
    const FIRST: u64 = 100_000;
    /// It may be in a long host call, or put aside.
    const LONGEST: u64 = 5_000_000;

    fn first(now: u64) -> Self {
        Self {
            at: now + Self::FIRST,
            waited: Self::FIRST,
        }
    }

    fn next(self, now: u64) -> Self {
        let waited = (self.waited * 2).min(Self::LONGEST);
        Self {
            at: now + waited,
            waited,
        }
    }
}

fn nanos_between(origin: Instant, at: Instant) -> u64 {
    let nanos = at.saturating_duration_since(origin).as_nanos();
    u64::try_from(nanos).unwrap_or(NEVER - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::task::Wake;

    struct Tells(u32, mpsc::Sender<u32>);

    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            let _ = self.1.send(self.0);
        }
    }

    #[test]
    fn who_does_not_hear_is_rung_for_again_until_it_answers() {
        let engine = Engine::default();
        let alarm = Alarm::new(&engine);
        alarm.start().unwrap();
        let asked = |alarm: &Alarm| alarm.shared.ring_at.load(SeqCst);
        alarm.computes();
        alarm.at(Instant::now());
        // Nobody listens: it must not come to rest.
        let rings = || alarm.shared.rings.load(SeqCst);
        let before = rings();
        while rings() < before + 5 {
            std::thread::yield_now();
        }
        let hour = Instant::now() + Duration::from_secs(3600);
        alarm.at(hour);
        assert_eq!(asked(&alarm), nanos_between(alarm.shared.origin, hour));
        alarm.rests();
    }

    #[test]
    fn sleepers_are_woken_in_the_order_of_their_times() {
        let engine = Engine::default();
        let alarm = Alarm::new(&engine);
        alarm.start().unwrap();
        let (sender, woken) = mpsc::channel();
        let waker = |number| Waker::from(Arc::new(Tells(number, sender.clone())));
        let now = Instant::now();
        for (number, ms) in [(3, 30), (1, 10), (2, 20), (0, 0)] {
            alarm.wake(now + Duration::from_millis(ms), waker(number));
        }
        for number in 0..4 {
            assert_eq!(woken.recv_timeout(Duration::from_secs(60)), Ok(number));
        }
        assert!(now.elapsed() >= Duration::from_millis(30));
    }
}
