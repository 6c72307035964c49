//! The HTTP adapter's server: hooks for pods whose handler is `httpGet`.
//!
//! Workers are threads with an event loop and an engine each; a connection stays with
//! one, and its hooks run there. The main thread accepts connections and hears signals.
//! What a failure looks like to a kubelet is `connection`'s; what a hook may do is said in
//! `settings`.

mod call;
mod calls;
mod connection;
mod gate;
mod guarded;
mod hooks;
mod log;
mod metrics;
mod route;
mod settings;
mod worker;

pub(crate) use gate::Width;
pub(crate) use log::{Log, LogFormat};
pub(crate) use settings::{Configured, FailAs, Settings};

use call::Shared;
use podhook_runner::CommandError;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use worker::Workers;

/// What somebody outside wants of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Read configuration and hooks again.
    Reload,
    /// Take nothing new, and end when all is done.
    Stop,
    /// Stop the hooks too.
    StopHooks,
}

/// A server that listens, and does nothing yet.
pub(crate) struct Server {
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    workers: Workers,
}

/// Connections that the kernel keeps for us.
const BACKLOG: i32 = 4096;

/// How long to wait where no more files can be opened.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

impl Server {
    /// Serves a connection that was accepted elsewhere, or closes it where there are too many.
    #[cfg(fuzzing)]
    pub(crate) fn hand_over(&self, stream: tokio::net::TcpStream) {
        if let Ok(space) = self.shared.connections.clone().try_acquire_owned() {
            self.workers.hand_over(stream, space);
        }
    }

    /// Takes the address and starts the workers.
    ///
    /// # Errors
    /// 69 where the address is not to be had, 70 where the machine cannot hold it.
    pub(crate) fn new(
        settings: Settings,
        configured: Configured,
        log: Log,
    ) -> Result<Self, CommandError> {
        let address = settings.listen;
        let unavailable = |why| CommandError::unavailable(address.to_string(), why);
        let listener = std::net::TcpListener::bind(address).map_err(unavailable)?;
        listener.set_nonblocking(true).map_err(unavailable)?;
        // More than the 128 that Rust asks for: a node's pods may all stop at once.
        rustix::net::listen(&listener, BACKLOG).map_err(|why| unavailable(why.into()))?;
        let shared = Arc::new(Shared::new(settings, configured, log));
        let workers = Workers::start(&shared)?;
        Ok(Self {
            listener,
            shared,
            workers,
        })
    }

    /// Serves until it is told to stop and all is done.
    pub(crate) async fn serve(
        self,
        mut orders: UnboundedReceiver<Order>,
    ) -> Result<(), CommandError> {
        let fault = |why| CommandError::host_fault("serve", why);
        let listener = TcpListener::from_std(self.listener).map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let shared = &self.shared;
        shared.log.say("listening", &[("address", &address)]);
        shared.warn_if_open();
        shared.hooks.load(shared);
        loop {
            let space = shared.connections.clone().acquire_owned();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Reload) => shared.reload(),
                    Some(Order::Stop | Order::StopHooks) | None => break,
                },
                accepted = async { (space.await, listener.accept().await) } => match accepted {
                    (Ok(space), Ok((stream, _))) => self.workers.hand_over(stream, space),
                    (_, Err(why)) => {
                        shared.log.warn("a connection was not accepted", &[("why", &why)]);
                        tokio::time::sleep(OUT_OF_FILES).await;
                    }
                    (Err(_), _) => break,
                },
            }
        }
        drop(listener);
        shared
            .log
            .say("stopping", &[("running", &shared.metrics.running.get())]);
        shared.stop();
        let ended = self.workers.ended();
        tokio::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => break,
                order = orders.recv() => if order.is_some_and(|order| order != Order::Reload) {
                    shared.stop_hooks();
                },
            }
        }
        shared.log.say("stopped", &[]);
        shared.log.finish();
        Ok(())
    }
}
