//! The threads that serve connections and run hooks.

use super::call::{Shared, Worker};
use super::calls::Calls;
use super::connection;
use super::gate::{Gate, Places};
use podhook_runner::{CommandError, Runner};
use podhook_sandbox::{EventLoop, Profile};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::JoinSet;

/// All of them.
pub(super) struct Workers {
    threads: Vec<Thread>,
}

struct Thread {
    worker: Arc<Worker>,
    connections: mpsc::UnboundedSender<Accepted>,
    open: Arc<AtomicUsize>,
    ended: oneshot::Receiver<()>,
}

/// A connection, and its place among those that may be open.
struct Accepted {
    stream: std::net::TcpStream,
    _space: OwnedSemaphorePermit,
}

impl Workers {
    /// Starts the threads.
    ///
    /// # Errors
    /// 70 where the machine cannot hold them.
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, CommandError> {
        let places = Arc::new(Places::new(shared.settings.width));
        let threads = (0..shared.settings.workers).map(|number| start(number, &places, shared));
        Ok(Self {
            threads: threads.collect::<Result<_, _>>()?,
        })
    }

    /// Gives a connection to the worker with the least to do.
    pub(super) fn hand_over(&self, stream: TcpStream, space: OwnedSemaphorePermit) {
        // Hooks come with connections, or outlive them: what a connection will ask for is
        // not known yet, so as many go to each.
        let least = |thread: &&Thread| {
            let (open, load) = (thread.open.load(SeqCst), thread.worker.gate.load());
            (open.max(load), open)
        };
        let Some(thread) = self.threads.iter().min_by_key(least) else {
            return;
        };
        let Ok(stream) = stream.into_std() else {
            return;
        };
        thread.open.fetch_add(1, SeqCst);
        let accepted = Accepted {
            stream,
            _space: space,
        };
        let _ = thread.connections.send(accepted);
        // A guest that computes there makes way.
        thread.worker.runner.knock();
    }

    /// Takes nothing new, and waits until all connections and hooks have ended.
    pub(super) async fn ended(self) {
        for thread in self.threads {
            drop(thread.connections);
            let _ = thread.ended.await;
        }
    }
}

fn start(
    number: usize,
    places: &Arc<Places>,
    shared: &Arc<Shared>,
) -> Result<Thread, CommandError> {
    let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("serve", why);
    let slots = u32::try_from(shared.settings.slots).unwrap_or(u32::MAX);
    let runner =
        Runner::new(Profile::pooled(slots), shared.codes.clone()).map_err(|why| fault(&why))?;
    let worker = Arc::new(Worker {
        runner,
        gate: Gate::new(places.clone(), shared.settings.slots),
        calls: Calls::default(),
        shared: shared.clone(),
    });
    let (connections, accepted) = mpsc::unbounded_channel();
    let (sender, ended) = oneshot::channel();
    let open = Arc::new(AtomicUsize::new(0));
    let (serving, opened) = (worker.clone(), open.clone());
    std::thread::Builder::new()
        .name(format!("podhook-worker-{number}"))
        .spawn(move || {
            match EventLoop::new() {
                Ok(event_loop) => event_loop.block_on(serve(accepted, serving, opened)),
                Err(why) => serving
                    .shared
                    .log
                    .warn("a worker did not start", &[("why", &why)]),
            }
            let _ = sender.send(());
        })
        .map_err(|why| fault(&why))?;
    Ok(Thread {
        worker,
        connections,
        open,
        ended,
    })
}

async fn serve(
    mut accepted: mpsc::UnboundedReceiver<Accepted>,
    worker: Arc<Worker>,
    open: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    while let Some(accepted) = accepted.recv().await {
        let (worker, open) = (worker.clone(), open.clone());
        connections.spawn(async move {
            let gauge = &worker.shared.metrics.connections;
            gauge.inc();
            if let Ok(stream) = TcpStream::from_std(accepted.stream) {
                connection::serve(stream, worker.clone()).await;
            }
            gauge.dec();
            open.fetch_sub(1, SeqCst);
        });
        while connections.try_join_next().is_some() {}
    }
    while connections.join_next().await.is_some() {}
    // Hooks whose clients are gone.
    worker.calls.ended().await;
}
