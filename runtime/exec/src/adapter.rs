//! From a command line to an exit status.

use crate::help;
use crate::log_to::LogTo;
use crate::output;
use crate::signals;
use podhook_lifecycle::{Invocation, ModuleKind, Outcome, Refusal, Report};
use podhook_runner::bundle::{self, Bundle};
use podhook_runner::hook_account::{self, Found};
use podhook_runner::options::{self, AdapterOptions, HookIs, HookOptions};
use podhook_runner::seat::{Seat, Way};
use podhook_runner::{CommandError, downward};
use podhook_sandbox::{
    Cancel, Engine, EventLoop, HandlerPre, NotPrecompiled, Precompiled, Tee, Wiring, module,
};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The container's main process, as everybody in it sees it.
const MAIN: u32 = 1;

/// This program's own file.
const OURSELVES: &str = "/proc/self/exe";

/// Carries out a command line; says on stderr what is wrong with it. Does not return
/// where a hook was run.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    match carry_out(words) {
        Ok(status) => status,
        Err(error) => {
            output::to_stderr(&format!("{error}\n"));
            error.status()
        }
    }
}

fn carry_out(words: impl IntoIterator<Item = OsString>) -> Result<u8, CommandError> {
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    let damaged = |why: &dyn std::fmt::Display| CommandError::data(program.to_string_lossy(), why);
    let bundled = match is_bundled() {
        true => {
            let own = ourselves(&program)?;
            let bundle = Bundle::read(&own).map_err(|why| damaged(&why))?;
            let cut = "the bundle is damaged: its end is missing";
            Some((bundle.ok_or_else(|| damaged(&cut))?, own))
        }
        false => None,
    };
    let options = read(bundled.as_ref().map(|(bundle, _)| bundle), words)?;
    if options.help || options.version {
        return help::show(&options);
    }
    let (name, compiled) = match bundled {
        Some((bundle, own)) => {
            let compiled = Precompiled::map(&own, bundle.start, bundle.length);
            (program.to_string_lossy().into_owned(), compiled)
        }
        None => {
            let name = options.hook.hook.display().to_string();
            (name, open(&options.hook.hook)?)
        }
    };
    let job = Job { name, options };
    job.report(compiled)
}

/// Changed in a bundle's copy of this program.
static MARK: [u8; 32] = bundle::ALONE;

#[expect(unsafe_code, reason = "the compiler knows nothing of the change")]
fn is_bundled() -> bool {
    // SAFETY: a static of this program.
    bundle::is_bundled(&unsafe { std::ptr::read_volatile(&raw const MARK) })
}

/// A bundle's own file.
fn ourselves(program: &OsStr) -> Result<File, CommandError> {
    File::open(OURSELVES)
        .or_else(|_| File::open(program))
        .map_err(|why| CommandError::host_fault(OURSELVES, why))
}

/// The words of a bundle, then those of the command line.
fn read(
    bundle: Option<&Bundle>,
    words: impl Iterator<Item = OsString>,
) -> Result<AdapterOptions, CommandError> {
    let mut options = AdapterOptions::default();
    let misspelt = |why| {
        CommandError::usage("podhook-exec", why).hint("podhook-exec --help lists the options")
    };
    let read = match bundle {
        Some(bundle) => options
            .read(bundle.words.iter().cloned(), HookIs::Bundled)
            .and_then(|()| options.read(words, HookIs::Bundled)),
        None => options.read(words, HookIs::Named),
    };
    read.map_err(misspelt)?;
    let is_asked = options.help || options.version;
    if bundle.is_none() && options.hook.hook.as_os_str().is_empty() && !is_asked {
        let why = "no HOOK is named";
        return Err(CommandError::usage("podhook-exec", why)
            .hint("podhook-exec [OPTIONS] HOOK.cwasm [-- ARG...]"));
    }
    Ok(options)
}

/// The compiled hook in a file; one that is none is left to the report.
fn open(path: &Path) -> Result<Result<Precompiled, NotPrecompiled>, CommandError> {
    let unreadable = |why| CommandError::no_input(path.display().to_string(), why);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        let why = "not a regular file";
        return Err(CommandError::no_input(path.display().to_string(), why));
    }
    Ok(Precompiled::map(&file, 0, metadata.len()))
}

/// A hook and what is said of it.
struct Job {
    name: String,
    options: AdapterOptions,
}

impl Job {
    fn hook(&self) -> &HookOptions {
        &self.options.hook
    }

    /// Runs the hook and prints what came of it.
    fn report(&self, compiled: Result<Precompiled, NotPrecompiled>) -> Result<u8, CommandError> {
        let found = self.hook().cgroup.find_own()?;
        let defaults = hook_account::defaults_in_container(found.as_ref());
        let mut call = self.hook().invocation(&defaults);
        call.grants = self.hook().clone().granted()?;
        call.grants.signal = call.grants.signal.to_process(MAIN);
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(why) => return self.print(&self.refused(&call, &why)),
        };
        let note = &compiled.note;
        self.hook()
            .check_fits(&call, note.kind, &note.hooks, &self.name)?;
        if call.budget.fuel.is_some() && !note.fuel {
            let why = "the hook does not count: it was compiled without --fuel";
            return Err(CommandError::usage("--fuel", why));
        }
        match note.kind {
            ModuleKind::Command => call.args.insert(0, self.name.clone()),
            ModuleKind::Lifecycle => {
                let podinfo = self.options.podinfo.as_deref();
                downward::fill_in(&mut call, podinfo, |name| std::env::var(name).ok());
            }
            ModuleKind::Http => {}
        }
        self.play(&compiled, call, found.as_ref())
    }

    fn print(&self, report: &Report) -> Result<u8, CommandError> {
        output::print(report, self.options.output)?;
        Ok(report.outcome.exit_status())
    }

    fn play(
        &self,
        compiled: &Precompiled,
        call: Invocation,
        found: Option<&Found>,
    ) -> Result<u8, CommandError> {
        let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("podhook-exec", why);
        let engine = Engine::for_one_run(compiled.note.profile()).map_err(|why| fault(&why))?;
        let pre = match HandlerPre::precompiled(&engine, compiled) {
            Ok(pre) => pre,
            Err(why) => return self.print(&refused(&call, &why)),
        };
        let cancel = Cancel::default();
        signals::listen(&cancel, engine.interrupter()).map_err(|why| fault(&why))?;
        let seat = Seat::take(found, None, Way::Own);
        let inside = seat.inside();
        let wiring = Wiring {
            meter: hook_account::meter(&self.hook().limits, found, &call.budget, inside),
            state: options::state(self.hook().state_dir.as_deref())?,
            network: None,
            tee: self.tee(),
            cancel: Some(cancel.clone()),
        };
        let call = Arc::new(call);
        let event_loop = EventLoop::lazy();
        let running = engine.run(&pre, &call, &wiring);
        let played = event_loop.try_block_on(running, || signals::watch(cancel));
        let mut report = played.map_err(|why| fault(&why))?;
        seat.leave(&mut report);
        report.module = Some(compiled.note.info(self.name.clone()));
        let status = self.print(&report)?;
        // Before engine and code are taken apart.
        output::leave(status)
    }

    /// Where the hook's output goes besides. A log that cannot be had stops no hook.
    fn tee(&self) -> Option<Arc<dyn Tee>> {
        let file = self.options.log_to.as_deref()?;
        match LogTo::open(file) {
            Ok(log) => Some(Arc::new(log)),
            Err(why) => {
                let file = file.display();
                output::to_stderr(&format!("warning: --log-to {file}: {why}\n"));
                None
            }
        }
    }

    /// A file that is no compiled hook.
    fn refused(&self, call: &Invocation, why: &NotPrecompiled) -> Report {
        let mut report = refused(call, why);
        let bytes = std::fs::read(&self.hook().hook).unwrap_or_default();
        report.module = Some(podhook_lifecycle::ModuleInfo {
            source: self.name.clone(),
            digest: module::digest(&bytes),
            kind: None,
        });
        report
    }
}

fn refused(call: &Invocation, why: &dyn std::fmt::Display) -> Report {
    let outcome = Outcome::Refused(Refusal::InvalidModule);
    Report::without_run(call, outcome, Some(why.to_string()))
}
