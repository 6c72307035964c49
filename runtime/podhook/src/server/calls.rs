//! Calls under way, whoever waits for them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Of one worker.
#[derive(Default)]
pub(super) struct Calls {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    count: AtomicUsize,
    less: Notify,
}

/// Whether somebody waits for a call.
#[derive(Clone)]
pub(super) struct Client(Arc<AtomicBool>);

impl Client {
    /// Nobody waits any more.
    pub(super) fn is_gone(&self) -> bool {
        !self.0.load(SeqCst)
    }
}

impl Calls {
    /// Begins a call, at once: it goes on where whoever asked goes away, even before the
    /// answer is first asked for.
    pub(super) fn begin<F>(&self, call: impl FnOnce(Client) -> F) -> Waiting<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let client = Client(Arc::new(AtomicBool::new(true)));
        let counted = Counted::one(self.state.clone());
        // The state of a call is kilobytes, and would be moved from hand to hand.
        let call = Box::pin(call(client.clone()));
        let task = tokio::task::spawn(async move {
            let output = call.await;
            drop(counted);
            output
        });
        Waiting { task, client }
    }

    /// Waits until there is none.
    pub(super) async fn ended(&self) {
        loop {
            let less = self.state.less.notified();
            if self.state.count.load(SeqCst) == 0 {
                return;
            }
            less.await;
        }
    }
}

struct Counted(Arc<State>);

impl Counted {
    fn one(state: Arc<State>) -> Self {
        state.count.fetch_add(1, SeqCst);
        Self(state)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, SeqCst);
        self.0.less.notify_waiters();
    }
}

/// Whoever waits for a call; `None` where it did not come to its end.
pub(super) struct Waiting<T> {
    task: JoinHandle<T>,
    client: Client,
}

impl<T> Future for Waiting<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.task).poll(cx).map(Result::ok)
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.client.0.store(false, SeqCst);
    }
}
