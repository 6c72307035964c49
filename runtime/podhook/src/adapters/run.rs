//! `podhook run`: one hook, now.

use crate::config;
use crate::hook_source::HookSource;
use crate::jail::Cell;
use crate::options::{Format, HookArgs};
use clap::{Args, ValueEnum};
use podhook_ledger::cgroup::Entry;
use podhook_lifecycle::{CancelReason, Invocation, ModuleKind, Report, State};
use podhook_runner::hook_account::{self, Found};
use podhook_runner::options::{self, HookOptions, LimitOptions};
use podhook_runner::seat::{Seat, Way};
use podhook_runner::{CommandError, Runner, refuse_file};
use podhook_sandbox::{
    Cancel, CodeStore, Engine, EventLoop, InvalidModule, Module, Profile, Wiring, module,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

mod output;
mod supervisor;
mod worker;

use supervisor::Job;
use worker::{Code, Link};

/// Runs one hook in the sandbox and reports.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook run hook.wasm\n  podhook run examples/write-message --phase post-start --dir ./share::/usr/share\n  podhook run drain.wasm --allow-host 127.0.0.1:8080 --config drain-url=http://127.0.0.1:8080/drain --timeout 10s -o json\n\nExit status: 0 succeeded; the hook's own 1..125; 64 invalid input; 65 not a hook module;\n66 no such file; 70 podhook's own failure; 75 retryable; 77 a grant is not to be had;\n124 deadline; 130/143 told to stop; 134 trapped; 137 out of memory; 152 out of fuel;\n153 another limit."
)]
pub(crate) struct Options {
    #[command(flatten)]
    hook: HookArgs,

    /// Run as podhook's own worker in a cgroup
    #[arg(long, hide = true)]
    worker: bool,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,

    /// What is around the sandbox
    #[arg(long, value_enum, default_value_t = Isolation::None)]
    isolation: Isolation,
}

/// What a guest that got out of the sandbox would be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Isolation {
    /// podhook's own process
    None,
    /// A process of its own that may do what the hook may: Landlock, seccomp, no capabilities;
    /// killed 250 ms after the deadline, whatever it does
    Process,
}

pub(crate) fn run(asked: Options) -> Result<u8, CommandError> {
    let format = asked.output;
    let hook = HookOptions::from(asked.hook);
    let link = match asked.worker {
        true => Some(Link::from_stdin()?),
        false => None,
    };
    let (source, code) = match &link {
        Some(link) => {
            let (source, code) = link.source()?;
            (source, Some(code))
        }
        None => (HookSource::open(&hook.hook)?, None),
    };
    let state = options::state(hook.state_dir.as_deref())?;
    let found = hook.cgroup.find()?;
    let mut call = hook.invocation(&hook_account::defaults(found.as_ref()));
    // The kubelet's own name for a pod that has none is as good as any.
    call.pod.name = "local".to_owned();
    let digest = module::digest(&source.bytes);
    let module = match Module::new(source.bytes) {
        Ok(module) => module,
        Err(why) => {
            call.grants = hook.granted()?;
            let report = refuse_file(&source.name, digest, &call, &why);
            output::print(&report, format, output::Live::default())?;
            return Ok(report.outcome.exit_status());
        }
    };
    hook.check_fits(&call, module.kind(), module.hooks(), &source.name)?;
    let limits = hook.limits.clone();
    let state_dir = hook.state_dir.clone();
    call.grants = hook.granted()?;
    if module.kind() == ModuleKind::Command {
        call.args.insert(0, source.name.clone());
    }
    let entry = found.as_ref().map(|found| found.cgroup.entry());
    let enters = found.as_ref().filter(|_| entry == Some(Entry::Process));
    let is_locked_in = asked.isolation == Isolation::Process;
    if link.is_none() && (enters.is_some() || is_locked_in) {
        let code = match is_locked_in.then(|| compiled(&module, &call)).transpose() {
            Ok(code) => code.unwrap_or_default(),
            Err(InvalidModule::NoCompiler(why)) => {
                return Err(CommandError::host_fault("the compiler", why));
            }
            Err(why) => {
                let report = refuse_file(&source.name, digest, &call, &why);
                output::print(&report, format, output::Live::default())?;
                return Ok(report.outcome.exit_status());
            }
        };
        let job = Job {
            name: &source.name,
            module: &module,
            call: &call,
            code: &code,
            found: enters,
            format,
        };
        return job.run();
    }
    let here = Here {
        name: &source.name,
        module: &module,
        limits: &limits,
        found: found.as_ref(),
        entry: entry.as_ref(),
        format,
        code: code.filter(|_| is_locked_in),
        state_dir: state_dir.as_deref(),
    };
    let report = here.play(call, state, link.as_ref())?;
    Ok(report.outcome.exit_status())
}

/// For a worker that can neither compile nor read the cache.
fn compiled(module: &Module, call: &Invocation) -> Result<Vec<u8>, InvalidModule> {
    let profile = Profile::one_shot().with_fuel(call.budget.fuel.is_some());
    let engine = Engine::for_one_run(profile);
    let engine = engine.map_err(|why| InvalidModule::NoCompiler(why.to_string()))?;
    let code = config::code_store().get(module, &engine)?;
    Ok(code.bytes().to_vec())
}

/// A run in this process.
struct Here<'h> {
    name: &'h str,
    module: &'h Module,
    limits: &'h LimitOptions,
    found: Option<&'h Found>,
    entry: Option<&'h Entry>,
    format: Format,
    /// Of one that is locked in.
    code: Option<Code>,
    state_dir: Option<&'h Path>,
}

impl<'h> Here<'h> {
    /// Runs the hook, and prints what came of it.
    fn play(
        mut self,
        call: Invocation,
        state: Arc<dyn State>,
        link: Option<&Link>,
    ) -> Result<Report, CommandError> {
        let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("podhook", why);
        let mut seat = None;
        let codes = match self.code.take() {
            None => config::code_store(),
            Some(code) => {
                // In the cgroup first: from inside it could not be entered.
                seat = Some(self.sit(link));
                self.lock_in(&call)?;
                Arc::new(CodeStore::default().compiled_by(Box::new(code)))
            }
        };
        let event_loop = EventLoop::new().map_err(|error| fault(&error))?;
        let runner = Runner::new(Profile::one_shot(), codes);
        let runner = runner.map_err(|error| fault(&error))?;
        let cancel = Cancel::default();
        let playing = listen(cancel.clone()).map_err(|error| fault(&error))?;
        let live = output::Live::start(self.format).map_err(|error| fault(&error))?;
        let call = Arc::new(call);
        // Compiling is nobody's to pay for but podhook's: before the seat is taken.
        runner.prepare(self.module, &call);
        let seat = seat.unwrap_or_else(|| self.sit(link));
        let wiring = Wiring {
            meter: hook_account::meter(self.limits, self.found, &call.budget, seat.inside()),
            state,
            network: None,
            tee: live.tee(),
            cancel: Some(cancel),
        };
        playing.store(true, SeqCst);
        let running = runner.run(self.name, self.module, &call, &wiring);
        let mut report = event_loop.block_on(running);
        playing.store(false, SeqCst);
        drop(event_loop);
        seat.leave(&mut report);
        if let Some(link) = link {
            link.done();
        }
        output::print(&report, self.format, live.finish())?;
        Ok(report)
    }

    fn lock_in(&self, call: &Invocation) -> Result<(), CommandError> {
        let cell = Cell {
            grants: &call.grants,
            state_dir: self.state_dir,
            reads_cgroups: self.found.is_some(),
        };
        let locked = cell.enter();
        locked.map_err(|why| CommandError::unavailable("--isolation process", why))
    }

    fn sit(&self, link: Option<&Link>) -> Seat<'h> {
        // Said before: in there nobody knows when it runs again.
        if let Some(link) = link {
            link.begins();
        }
        Seat::take(self.found, self.entry, self.way(link))
    }

    fn way(&self, link: Option<&Link>) -> Way {
        match (link, self.entry) {
            (Some(_), _) => Way::Process,
            (None, Some(Entry::Thread)) => Way::Thread,
            (None, _) => Way::Stay,
        }
    }
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
