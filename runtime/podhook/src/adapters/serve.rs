//! `podhook serve`: the HTTP adapter, for pods whose handler is `httpGet`.

use crate::config;
use crate::options::{CgroupArgs, LimitArgs};
use crate::server::{Configured, FailAs, Log, LogFormat, Order, Server, Settings, Width};
use clap::Args;
use podhook_ledger::cgroup::Binding;
use podhook_runner::options::{CgroupOptions, LimitOptions};
use podhook_runner::{CommandError, grammar};
use podhook_sandbox::EventLoop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Serves the hooks of a folder over HTTP.
///
/// GET /v1/hooks/NAME/postStart and …/preStop run DIR/NAME.wasm and answer when it is
/// done; ?pod=NAME&namespace=NAME&container=NAME says for whom. GET /v1/http/NAME/…
/// forwards to a module of kind http. Also: /healthz, /readyz, /metrics.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook serve --hooks ./hooks\n  podhook serve --hooks /hooks --listen 0.0.0.0:9376 --config serve.yaml --log json\n\nSIGHUP reads configuration and hooks again. SIGTERM: takes nothing new, lets running hooks\nend within their limits, exits 0; a second one ends the hooks."
)]
pub(crate) struct Options {
    /// The folder of hooks; NAME.wasm is the hook NAME
    #[arg(long, value_name = "DIR")]
    hooks: PathBuf,

    /// Address and port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9376")]
    listen: SocketAddr,

    /// Limits and grants of single hooks, and a token, in YAML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// How a failure is told: transport: the connection breaks off, which is all a kubelet
    /// takes for a failure; status: 500 with the report
    #[arg(long, value_enum, default_value_t = FailAs::Transport)]
    fail: FailAs,

    /// How the log is written, on stdout
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log: LogFormat,

    /// Threads that run hooks [default: the processors of this machine]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,

    /// Hooks that run at one time
    #[arg(long, value_name = "N", default_value = "1000")]
    max_concurrent: NonZeroUsize,

    /// Calls that wait for a place among them; more are turned away
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_queue: usize,

    /// How long they wait at most
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = grammar::duration)]
    queue_timeout: Duration,

    /// Connections that are open at one time; more wait to be accepted
    #[arg(long, value_name = "N", default_value = "20000")]
    max_connections: NonZeroUsize,

    /// For a request's head to arrive, and between two requests
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = grammar::duration)]
    header_timeout: Duration,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    cgroup: CgroupArgs,
}

pub(crate) fn run(options: Options) -> Result<u8, CommandError> {
    let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("serve", why);
    if !options.hooks.is_dir() {
        let folder = options.hooks.display().to_string();
        return Err(CommandError::no_input(folder, "no such folder"));
    }
    let configured = match &options.config {
        Some(file) => Configured::open(file, &config::variable)?,
        None => Configured::default(),
    };
    let log = Log::start(options.log).map_err(|why| fault(&why))?;
    let settings = settings(options)?;
    config::raise_open_files();
    let orders = orders().map_err(|why| fault(&why))?;
    let server = Server::new(settings, configured, log)?;
    let event_loop = EventLoop::new().map_err(|why| fault(&why))?;
    event_loop.block_on(server.serve(orders))?;
    Ok(0)
}

fn settings(options: Options) -> Result<Settings, CommandError> {
    let limits = LimitOptions::from(options.limits);
    let found = CgroupOptions::from(options.cgroup).find()?;
    let binding = Binding {
        cpu: limits.cpu.is_none(),
        memory: limits.memory.is_none(),
        reserve: 0,
    };
    let width = Width {
        running: options.max_concurrent.get(),
        waiting: options.max_queue,
        patience: options.queue_timeout,
    };
    let workers = options
        .workers
        .map_or_else(config::processors, NonZeroUsize::get);
    let slots = width.slots(workers, config::max_mappings())?;
    Ok(Settings {
        hooks: options.hooks,
        listen: options.listen,
        fail: options.fail,
        limits,
        account: found.map(|found| found.limits.account(binding)),
        width,
        workers,
        slots,
        connections: options.max_connections.get(),
        header_timeout: options.header_timeout,
        config: options.config,
    })
}

/// What signals ask for.
fn orders() -> std::io::Result<UnboundedReceiver<Order>> {
    let (sender, orders) = unbounded_channel();
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::Builder::new()
        .name("podhook-signals".to_owned())
        .spawn(move || {
            let mut stopping = false;
            for signal in signals.forever() {
                let order = match signal {
                    SIGHUP => Order::Reload,
                    _ if std::mem::replace(&mut stopping, true) => Order::StopHooks,
                    _ => Order::Stop,
                };
                let _ = sender.send(order);
            }
        })?;
    Ok(orders)
}
