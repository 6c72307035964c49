//! Interrupts guests that never call the host.
//!
//! One thread per engine, asleep until the earliest time somebody asked for; then
//! it increments the engine's epoch, and every guest that computes calls back and
//! looks at its own clock. There is no ticking: an engine without a computing guest
//! costs nothing.
//!
//! What was asked for is not taken back. A guest that ended early leaves one idle
//! wake-up behind, which is cheaper than waking the thread to tell it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::Thread;
use std::time::{Duration, Instant};
use wasmtime::{Engine, EngineWeak};

const NEVER: u64 = u64::MAX;

/// One engine's alarm.
pub(crate) struct Alarm {
    shared: Arc<Shared>,
    thread: Thread,
}

struct Shared {
    engine: EngineWeak,
    origin: Instant,
    /// Nanoseconds after `origin`.
    wake_at: AtomicU64,
    stop: AtomicBool,
}

impl Alarm {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where no thread is to be had: then no deadline could be kept.
    pub(crate) fn new(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            engine: engine.weak(),
            origin: Instant::now(),
            wake_at: AtomicU64::new(NEVER),
            stop: AtomicBool::new(false),
        });
        let served = shared.clone();
        let handle = std::thread::Builder::new()
            .name("podhook-alarm".to_owned())
            .spawn(move || served.serve())?;
        Ok(Self {
            shared,
            thread: handle.thread().clone(),
        })
    }

    /// Rings at `at` or before. The store's epoch deadline must be set before: a
    /// ring between the two would be lost otherwise.
    pub(crate) fn at(&self, at: Instant) {
        let nanos = nanos_between(self.shared.origin, at);
        if self.shared.wake_at.fetch_min(nanos, SeqCst) > nanos {
            self.thread.unpark();
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        self.thread.unpark();
    }
}

impl Shared {
    fn serve(&self) {
        while !self.stop.load(SeqCst) {
            let now = nanos_between(self.origin, Instant::now());
            match self.wake_at.load(SeqCst) {
                NEVER => std::thread::park(),
                at if at > now => std::thread::park_timeout(Duration::from_nanos(at - now)),
                _ => {
                    // Taken before the ring: who asks from here on is heard next time.
                    self.wake_at.store(NEVER, SeqCst);
                    match self.engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => return,
                    }
                }
            }
        }
    }
}

fn nanos_between(origin: Instant, at: Instant) -> u64 {
    let nanos = at.saturating_duration_since(origin).as_nanos();
    u64::try_from(nanos).unwrap_or(NEVER - 1)
}
