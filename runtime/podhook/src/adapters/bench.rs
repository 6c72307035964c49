//! `podhook bench`: what a hook costs on this machine, side by side in one run.

use crate::bench::{Density, Figures, Pace, Quota, Subject, Throttle, Wanted};
use crate::bench::{density, measure, suspend, throttle};
use crate::interrupt::Interrupt;
use crate::options::{Format, GrantArgs, LimitArgs};
use crate::terminal::{line_to_stdout, to_stderr, to_stdout};
use crate::whole_file;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use podhook_lifecycle::Hook;
use podhook_runner::options::HookOptions;
use podhook_runner::{CommandError, grammar};
use serde::Serialize;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

mod assertion;
mod chart;
mod page;
mod text;

use assertion::Assertion;

/// Measures what a hook costs, beside every other way that this machine has.
#[derive(Debug, Args)]
#[command(after_help = "Rows:
  in-process  in a process that runs: warm
  bare        wasmtime alone, in the same configuration
  cold        in a process that runs: the first call, its code loaded from disk
  compile     in a process that runs: the first call, compiled then
  exec        podhook-exec: a process of its own
  isolated    podhook run --isolation process: one that is locked in, and one that watches it
  serve       podhook serve: over HTTP, on a connection that stays
  true, sh, bash, native   processes: /bin/true, sh -c true, bash -c true, --native
  runc, crun  exec of /bin/true in a small container that is made and removed
  wasmtime    wasmtime run, for commands
  workers     what a second worker adds, and a fourth, up to one for each processor

They take turns. Microseconds; quantiles over runs; ratios of medians. The more the machine
does besides, the wider p10 to p90 is; where two rows differ by less, it is said.

Examples:
  podhook bench
  podhook bench drain.wasm --config url=http://127.0.0.1/ --runs 50 -o json > now.json
  podhook bench --compare before.json --html bench.html
  podhook bench --assert 'exec/sh<=1' --assert 'cpu:serve/cpu:runc<=0.05'
  podhook bench --only workers --assert 'workers:2/workers:1>=1.8'
  podhook bench --density
  podhook bench --throttle --check

Exit status: 0; 1 where an assertion fails; 65 no hook module; 66 no such hook; 69 where no row
could be measured; 73 a file that cannot be written; 78 --compare with what are no figures.")]
pub(crate) struct Options {
    /// A .wasm file, or the folder of a crate that is built first; default: a lifecycle hook
    /// that does nothing
    #[arg(value_name = "HOOK")]
    hook: Option<PathBuf>,

    /// Words the hook is called with
    #[arg(value_name = "ARG", last = true)]
    args: Vec<String>,

    /// Which hook of a lifecycle module: post-start or pre-stop; needed where it has both
    #[arg(long, value_name = "PHASE")]
    phase: Option<Hook>,

    /// Turns of each row; in-process, bare and serve are measured ten times in a turn
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,

    /// How long a row has turns, if those are not five yet: slow ones have fewer than --runs
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = grammar::duration)]
    row_time: Duration,

    /// These rows alone
    #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
    only: Vec<String>,

    /// What the hook does, as a command: a row of its own
    #[arg(long, value_name = "CMD")]
    native: Option<String>,

    /// podhook-exec, where it is not beside podhook
    #[arg(long, value_name = "FILE")]
    adapter: Option<PathBuf>,

    /// Draw a chart
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Write a page with the chart, the figures and how they came about
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Show the difference to figures of before (-o json)
    #[arg(long, value_name = "OLD.json")]
    compare: Option<PathBuf>,

    /// Fail unless this holds for the medians: ROW/ROW<=X, ROW/ROW>=X; of CPU time with cpu:ROW,
    /// of hooks per second with workers:N
    #[arg(long = "assert", value_name = "ROW/ROW<=X", value_parser = Assertion::parse)]
    assertions: Vec<Assertion>,

    /// Measure instead how many hooks can wait at the same time, up to N (100000 where it is not
    /// given), and what each takes
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "100000",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..),
        conflicts_with_all = ["hook", "args", "phase", "native", "svg", "html", "compare", "assertions", "only"])]
    density: Option<usize>,

    /// Measure instead how closely a CPU limit holds, beside the kernel's own: takes minutes
    #[arg(long, conflicts_with_all = ["native", "svg", "html", "compare", "assertions", "only", "density", "hook", "args", "phase"])]
    throttle: bool,

    /// With --throttle: fail where it is off by more than 3 % of the quota, 5 % of what the
    /// kernel gives, 10 % of what it throttles, or 0.5 % of what it counts
    #[arg(long, requires = "throttle")]
    check: bool,

    /// One number of --density, as podhook starts itself
    #[arg(long, hide = true)]
    suspend: Option<usize>,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    grants: GrantArgs,
}

pub(crate) fn run(options: Options) -> Result<u8, CommandError> {
    if let Some(hooks) = options.suspend {
        line_to_stdout(&json(&suspend(hooks)?)?)?;
        return Ok(0);
    }
    if let Some(most) = options.density {
        return waiting(most, options.output);
    }
    if options.throttle {
        return throttled(options.check, options.output);
    }
    let before = options.compare.as_deref().map(text::old).transpose()?;
    let wanted = wanted(&options)?;
    for file in options.svg.iter().chain(&options.html) {
        whole_file::can_be_written(file)?;
    }
    let pace = Pace {
        turns: usize::try_from(options.runs).unwrap_or(usize::MAX),
        longest: options.row_time,
    };
    let subject = Subject::open(HookOptions {
        hook: options.hook.unwrap_or_default(),
        args: options.args,
        phase: options.phase,
        limits: options.limits.into(),
        grants: options.grants.into(),
        ..HookOptions::default()
    })?;
    let bar = progress();
    let interrupt = interrupt()?;
    let figures = measure(&subject, &wanted, pace, &interrupt, |turn, turns| {
        bar.set_length(u64::try_from(turns).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(turn).unwrap_or(u64::MAX));
    });
    bar.finish_and_clear();
    let figures = figures?;
    match options.output {
        Format::Text => to_stdout(text::table(&figures, before.as_ref()).as_bytes())?,
        Format::Json => line_to_stdout(&json(&figures)?)?,
    }
    if let Some(file) = &options.svg {
        write(file, &chart::svg(&figures))?;
    }
    if let Some(file) = &options.html {
        write(file, &page::html(&figures))?;
    }
    assertion::judge(&options.assertions, &figures)
}

fn wanted(options: &Options) -> Result<Wanted, CommandError> {
    let is_known = |name: &str| name == Figures::WORKERS || Figures::NAMES.contains(&name);
    if let Some(unknown) = options.only.iter().find(|name| !is_known(name)) {
        let why = format!(
            "no row {unknown:?}; there are {}, {}",
            Figures::NAMES.join(", "),
            Figures::WORKERS,
        );
        return Err(CommandError::usage("--only", why));
    }
    let split = |words: &String| {
        let why = "not a command line: a quote is not closed";
        shlex::split(words).ok_or_else(|| CommandError::usage("--native", why))
    };
    Ok(Wanted {
        only: options.only.clone(),
        native: options.native.as_ref().map(split).transpose()?,
        adapter: options.adapter.clone(),
    })
}

fn waiting(most: usize, format: Format) -> Result<u8, CommandError> {
    let found: Density = density(most, |row| {
        if format == Format::Text {
            let _ = to_stdout(text::suspended(row).as_bytes());
        }
    })?;
    match format {
        Format::Text => to_stdout(text::limit(&found).as_bytes())?,
        Format::Json => line_to_stdout(&json(&found)?)?,
    }
    Ok(0)
}

fn throttled(checks: bool, format: Format) -> Result<u8, CommandError> {
    if format == Format::Text {
        to_stdout(text::QUOTAS.as_bytes())?;
    }
    let found: Throttle = throttle(&interrupt()?, |quota| {
        if format == Format::Text {
            let _ = to_stdout(text::quota(quota).as_bytes());
        }
    })?;
    if format == Format::Json {
        line_to_stdout(&json(&found)?)?;
    }
    if let Some(why) = &found.skipped {
        warn(&[format!("left out: {why}")]);
    }
    let failures: Vec<String> = found.rows.iter().flat_map(Quota::failures).collect();
    if !checks || failures.is_empty() {
        return Ok(0);
    }
    for failure in failures {
        to_stderr(format!("error: --check: {failure}\n").as_bytes());
    }
    Ok(1)
}

fn interrupt() -> Result<Interrupt, CommandError> {
    Interrupt::listen().map_err(|why| CommandError::host_fault("podhook bench", why))
}

/// On a terminal alone.
fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} turn {pos} of {len}, {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn json(value: &impl Serialize) -> Result<String, CommandError> {
    let json = serde_json::to_string_pretty(value);
    json.map_err(|error| CommandError::host_fault("JSON", error))
}

fn write(file: &std::path::Path, text: &str) -> Result<(), CommandError> {
    use crate::whole_file::{Mode, write};
    write(file, Mode::Plain, |out| out.write_all(text.as_bytes()))
}

/// Of what is unsure, a line each.
fn warn(lines: &[String]) {
    for line in lines {
        to_stderr(format!("warning: {line}\n").as_bytes());
    }
}
