//! `podhook run`: one hook, now.

use crate::config;
use crate::error::CliError;
use crate::hook_source::HookSource;
use crate::options::{Format, GrantOptions, LimitOptions};
use clap::Args;
use podhook_ledger::Account;
use podhook_lifecycle::{
    Budget, CancelReason, Hook, HttpRequest, Invocation, MemoryState, ModuleKind, Pod, Report,
    State,
};
use podhook_runner::{Runner, StateDir, grammar, refuse_file};
use podhook_sandbox::{Cancel, Module, Profile, Wiring, module};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

mod output;

/// Runs one hook in the sandbox and reports.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook run hook.wasm\n  podhook run examples/write-message --phase post-start --dir ./share::/usr/share\n  podhook run drain.wasm --allow-host 127.0.0.1:8080 --config drain-url=http://127.0.0.1:8080/drain --timeout 10s -o json\n\nExit status: 0 succeeded; the hook's own 1..125; 64 invalid input; 65 not a hook module;\n66 no such file; 70 podhook's own failure; 75 retryable; 77 a grant is not to be had;\n124 deadline; 130/143 told to stop; 134 trapped; 137 out of memory; 152 out of fuel;\n153 another limit."
)]
pub(crate) struct Options {
    /// A .wasm file, or the folder of a crate that is built first
    #[arg(value_name = "HOOK")]
    hook: PathBuf,

    /// Words the hook is called with
    #[arg(value_name = "ARG", last = true)]
    args: Vec<String>,

    /// Which hook of a lifecycle module: post-start or pre-stop; needed where it has both
    #[arg(long, value_name = "PHASE")]
    phase: Option<Hook>,

    /// The path that a module of kind http is asked for
    #[arg(long, value_name = "PATH", value_parser = grammar::request_path)]
    http_get: Option<String>,

    /// A header field of that request
    #[arg(long = "header", value_name = "K: V", value_parser = grammar::header)]
    headers: Vec<(String, String)>,

    /// Where the `state` interface keeps its values; in memory by default
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,

    #[command(flatten)]
    limits: LimitOptions,

    #[command(flatten)]
    grants: GrantOptions,
}

pub(crate) fn run(options: Options) -> Result<u8, CliError> {
    let format = options.output;
    let source = HookSource::open(&options.hook)?;
    let state = state(&options)?;
    let mut call = invocation(&options)?;
    call.grants = options.grants.grants()?;
    let digest = module::digest(&source.bytes);
    let report = match Module::new(source.bytes) {
        Ok(module) => {
            check_fits(&call, options.http_get.as_ref(), &module, &source.name)?;
            if module.kind() == ModuleKind::Command {
                call.args.insert(0, source.name.clone());
            }
            play(&source.name, &module, call, state, format)?
        }
        Err(why) => {
            let report = refuse_file(&source.name, digest, &call, &why);
            output::print(&report, format, output::Live::default())?;
            report
        }
    };
    Ok(report.outcome.exit_status())
}

fn state(options: &Options) -> Result<Arc<dyn State>, CliError> {
    match &options.state_dir {
        None => Ok(Arc::new(MemoryState::default())),
        Some(folder) => match StateDir::open(folder) {
            Ok(state) => Ok(Arc::new(state)),
            Err(error) => Err(CliError::cannot_create(folder.display().to_string(), error)),
        },
    }
}

fn invocation(options: &Options) -> Result<Invocation, CliError> {
    let mut call = Invocation::new(Runner::new_id());
    call.hook = options.phase;
    call.args.clone_from(&options.args);
    call.budget = options.limits.budget(&Budget::default());
    // The kubelet's own name for a pod that has none is as good as any.
    call.pod = Pod {
        name: "local".to_owned(),
        ..Pod::default()
    };
    if let Some(path) = &options.http_get {
        call.request.path.clone_from(path);
    }
    call.request.headers.clone_from(&options.headers);
    Ok(call)
}

/// Options that the module has no use for, or too few of them.
fn check_fits(
    call: &Invocation,
    http_get: Option<&String>,
    module: &Module,
    name: &str,
) -> Result<(), CliError> {
    let asks_http = http_get.is_some() || call.request.headers != HttpRequest::default().headers;
    if asks_http && module.kind() != ModuleKind::Http {
        let kind = module.kind().as_str();
        return Err(CliError::usage(
            "--http-get, --header",
            format!("{name} is of kind {kind}, which is given no request"),
        ));
    }
    if call.hook.is_none() && module.hooks().len() > 1 {
        return Err(CliError::usage(
            name,
            "the module has hooks for both phases; name one with --phase post-start or --phase pre-stop",
        ));
    }
    Ok(())
}

fn play(
    name: &str,
    module: &Module,
    call: Invocation,
    state: Arc<dyn State>,
    format: Format,
) -> Result<Report, CliError> {
    let fault = |why: &dyn std::fmt::Display| CliError::host_fault("podhook", why);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(16)
        .build()
        .map_err(|error| fault(&error))?;
    let runner =
        Runner::new(Profile::one_shot(), config::code_store()).map_err(|error| fault(&error))?;
    let cancel = Cancel::default();
    let playing = listen(cancel.clone()).map_err(|error| fault(&error))?;
    let live = output::Live::start(format).map_err(|error| fault(&error))?;
    let wiring = Wiring {
        meter: Arc::new(Account::new(call.budget.memory)),
        state,
        tee: live.tee(),
        cancel: Some(cancel),
    };
    let call = Arc::new(call);
    let report = runtime.block_on(async {
        runner.prepare(module, &call);
        playing.store(true, SeqCst);
        runner.run(name, module, &call, &wiring).await
    });
    playing.store(false, SeqCst);
    // A file that blocks (a FIFO without writer) must not hold the process.
    runtime.shutdown_background();
    output::print(&report, format, live.finish())?;
    Ok(report)
}

/// SIGINT and SIGTERM stop the hook while the returned flag says that it plays, and
/// podhook itself before, afterwards, and the second time.
fn listen(cancel: Cancel) -> std::io::Result<Arc<AtomicBool>> {
    let playing = Arc::new(AtomicBool::new(false));
    let plays = playing.clone();
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new()
        .name("podhook-signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                if cancel.reason().is_some() || !plays.load(SeqCst) {
                    std::process::exit(128 + signal);
                }
                cancel.cancel(match signal {
                    SIGINT => CancelReason::Interrupted,
                    _ => CancelReason::Terminated,
                });
            }
        })?;
    Ok(playing)
}
