//! `podhook run`: one hook, now.

use crate::config;
use crate::error::CliError;
use crate::hook_account;
use crate::hook_options::{self, HookOptions};
use crate::hook_source::HookSource;
use crate::options::Format;
use clap::Args;
use podhook_lifecycle::{CancelReason, Invocation, Meter, ModuleKind, Report, State};
use podhook_runner::{Runner, refuse_file};
use podhook_sandbox::{Cancel, EventLoop, Module, Profile, Wiring, module};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

mod output;

/// Runs one hook in the sandbox and reports.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook run hook.wasm\n  podhook run examples/write-message --phase post-start --dir ./share::/usr/share\n  podhook run drain.wasm --allow-host 127.0.0.1:8080 --config drain-url=http://127.0.0.1:8080/drain --timeout 10s -o json\n\nExit status: 0 succeeded; the hook's own 1..125; 64 invalid input; 65 not a hook module;\n66 no such file; 70 podhook's own failure; 75 retryable; 77 a grant is not to be had;\n124 deadline; 130/143 told to stop; 134 trapped; 137 out of memory; 152 out of fuel;\n153 another limit."
)]
pub(crate) struct Options {
    #[command(flatten)]
    hook: HookOptions,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

pub(crate) fn run(options: Options) -> Result<u8, CliError> {
    let format = options.output;
    let hook = options.hook;
    let source = HookSource::open(&hook.hook)?;
    let state = hook_options::state(hook.state_dir.as_deref())?;
    let found = hook.cgroup.find()?;
    let mut call = hook.invocation(&hook_account::defaults(found.as_ref()));
    let meter = hook_account::meter(&hook.limits, found.as_ref(), &call.budget, None);
    // The kubelet's own name for a pod that has none is as good as any.
    call.pod.name = "local".to_owned();
    let digest = module::digest(&source.bytes);
    let report = match Module::new(source.bytes) {
        Ok(module) => {
            hook.check_fits(&call, &module, &source.name)?;
            call.grants = hook.grants()?;
            if module.kind() == ModuleKind::Command {
                call.args.insert(0, source.name.clone());
            }
            let charged = Charged { meter, state };
            play(&source.name, &module, call, charged, format)?
        }
        Err(why) => {
            call.grants = hook.grants()?;
            let report = refuse_file(&source.name, digest, &call, &why);
            output::print(&report, format, output::Live::default())?;
            report
        }
    };
    Ok(report.outcome.exit_status())
}

/// What outlives a run.
struct Charged {
    meter: Arc<dyn Meter>,
    state: Arc<dyn State>,
}

fn play(
    name: &str,
    module: &Module,
    call: Invocation,
    charged: Charged,
    format: Format,
) -> Result<Report, CliError> {
    let fault = |why: &dyn std::fmt::Display| CliError::host_fault("podhook", why);
    let event_loop = EventLoop::new().map_err(|error| fault(&error))?;
    let runner =
        Runner::new(Profile::one_shot(), config::code_store()).map_err(|error| fault(&error))?;
    let cancel = Cancel::default();
    let playing = listen(cancel.clone()).map_err(|error| fault(&error))?;
    let live = output::Live::start(format).map_err(|error| fault(&error))?;
    let wiring = Wiring {
        meter: charged.meter,
        state: charged.state,
        tee: live.tee(),
        cancel: Some(cancel),
    };
    let call = Arc::new(call);
    let report = event_loop.block_on(async {
        runner.prepare(module, &call);
        playing.store(true, SeqCst);
        runner.run(name, module, &call, &wiring).await
    });
    playing.store(false, SeqCst);
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
