//! Telling a run to stop from another thread.

use crate::alarm::Alarm;
use podhook_lifecycle::{Bell, CancelReason};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::Notify;

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
    alarms: Mutex<Vec<Weak<Alarm>>>,
}

impl Cancel {
    /// Says so, and wakes nobody: a guest that looks up next time sees it. May be called
    /// from a signal handler.
    pub fn note(&self, reason: CancelReason) {
        let code = match reason {
            CancelReason::Interrupted => 1,
            CancelReason::Terminated => 2,
        };
        let _ = self.shared.reason.compare_exchange(0, code, SeqCst, SeqCst);
    }

    /// Stops what runs now and what starts later. The first reason stays.
    pub fn cancel(&self, reason: CancelReason) {
        self.note(reason);
        self.shared.notify.notify_waiters();
        let alarms = self.shared.alarms.lock();
        for alarm in alarms.unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(alarm) = alarm.upgrade() {
                alarm.ring();
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

    /// Makes sure that computing guests are interrupted that listen to `alarm`.
    pub(crate) fn attach(&self, alarm: &Arc<Alarm>) {
        let alarms = self.shared.alarms.lock();
        let mut alarms = alarms.unwrap_or_else(PoisonError::into_inner);
        alarms.retain(|known| known.strong_count() > 0);
        if !alarms
            .iter()
            .any(|known| known.as_ptr() == Arc::as_ptr(alarm))
        {
            alarms.push(Arc::downgrade(alarm));
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
