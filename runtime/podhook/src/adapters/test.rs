//! `podhook test`: a hook's cases, in the real sandbox.

use crate::config;
use crate::hook_source::HookSource;
use crate::hook_test::{Case, find, run as play};
use crate::interrupt::Interrupt;
use crate::options::Format;
use crate::whole_file;
use clap::Args;
use podhook_runner::CommandError;
use podhook_sandbox::Module;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

mod junit;
mod output;

use output::Summary;

/// Tests a hook by cases, in the sandbox and without a cluster.
#[derive(Debug, Args)]
#[command(
    after_help = "A case is a file, NAME/case.yaml or NAME.yaml in the folder of cases:

  phase: pre-stop
  config: {registry: 'http://consul:8500'}   # and other options of podhook run
  allow-host: [consul:8500]
  dir: [/var/spool/app]                      # GUEST[:ro]: a temporary folder
  files: {/var/spool/app/a.json: '{}'}
  http:                                      # what is answered, in turn
    PUT http://consul:8500/v1/agent/service/deregister/web: [broken, 503, 200]
  expect:
    outcome: Succeeded
    files: {/var/spool/app/a.json: null}
    logs: [out of the registry]
    usage: {cpu: 20ms, memory: 4Mi}

All fields: docs/testing.md.

Examples:
  podhook test
  podhook test drain.wasm --cases tests/cases --junit report.xml

Exit status: 0 where all passed; 1 where one did not; 65 no hook module; 66 no cases;
78 a case that is none."
)]
pub(crate) struct Options {
    /// A .wasm file, or the folder of a crate that is built first
    #[arg(value_name = "HOOK", default_value = ".")]
    hook: PathBuf,

    /// The folder of cases [default: cases, in HOOK or beside it]
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,

    /// Those with this in their name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Played at a time [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Write what came of them as JUnit has it
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let folder = options.cases.clone();
    let folder = folder.unwrap_or_else(|| beside(&options.hook));
    if let Some(file) = &options.junit {
        whole_file::can_be_written(file)?;
    }
    let cases: Vec<Case> = find(&folder, options.only.as_deref())?;
    let source = HookSource::open(&options.hook)?;
    let module = Module::new(source.bytes.clone())
        .map_err(|error| CommandError::data(&source.name, error))?;
    for case in &cases {
        case.check_fits(&module)?;
    }
    let jobs = options.jobs.map_or_else(processors, NonZeroUsize::get);
    let started = Instant::now();
    if options.output == Format::Text {
        output::begin(cases.len(), &source.name)?;
    }
    let codes = config::code_store();
    let interrupt = Interrupt::listen();
    let interrupt = interrupt.map_err(|why| CommandError::host_fault("podhook test", why))?;
    let tried = play(
        &source,
        &module,
        &codes,
        &interrupt,
        &cases,
        jobs,
        |tried| match options.output {
            Format::Text => output::case(tried),
            Format::Json => Ok(()),
        },
    )?;
    let summary = Summary::new(&tried, started.elapsed());
    match options.output {
        Format::Text => summary.text()?,
        Format::Json => summary.json()?,
    }
    if let Some(file) = &options.junit {
        junit::write(file, &source.name, &summary)?;
    }
    Ok(u8::from(summary.failed() > 0))
}

/// `cases`, in the hook's folder.
fn beside(hook: &Path) -> PathBuf {
    match hook.is_dir() {
        true => hook.join("cases"),
        false => hook.with_file_name("cases"),
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
