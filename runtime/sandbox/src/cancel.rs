//! Telling a run to stop from another thread.

use podhook_lifecycle::CancelReason;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use wasmtime::EngineWeak;

/// A handle to stop runs; clones mean the same runs. A run that was told to stop
/// ends as `Cancelled`, whether it computes or waits.
#[derive(Clone, Default)]
pub struct Cancel {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// 0: none; else a reason.
    reason: AtomicU8,
    notify: Notify,
    engines: Mutex<Vec<EngineWeak>>,
}

impl Cancel {
    /// Stops what runs now and what starts later. The first reason stays.
    pub fn cancel(&self, reason: CancelReason) {
        let code = match reason {
            CancelReason::Interrupted => 1,
            CancelReason::Terminated => 2,
        };
        let _ = self.shared.reason.compare_exchange(0, code, SeqCst, SeqCst);
        self.shared.notify.notify_waiters();
        let engines = self.shared.engines.lock();
        for engine in engines.unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
            }
        }
    }

    /// Why to stop, once somebody said so.
    #[must_use]
    pub fn reason(&self) -> Option<CancelReason> {
        match self.shared.reason.load(SeqCst) {
            1 => Some(CancelReason::Interrupted),
            2 => Some(CancelReason::Terminated),
            _ => None,
        }
    }

    /// Makes sure that computing guests of `engine` are interrupted.
    pub(crate) fn attach(&self, engine: &wasmtime::Engine) {
        let mut engines = self
            .shared
            .engines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        engines.retain(|known| known.upgrade().is_some());
        let known = engines
            .iter()
            .filter_map(EngineWeak::upgrade)
            .any(|known| wasmtime::Engine::same(&known, engine));
        if !known {
            engines.push(engine.weak());
        }
    }

    /// Resolves once somebody said stop.
    pub(crate) async fn cancelled(&self) -> CancelReason {
        loop {
            let notified = self.shared.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if let Some(reason) = self.reason() {
                return reason;
            }
            notified.await;
        }
    }
}
