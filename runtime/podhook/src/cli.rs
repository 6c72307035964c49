//! The command line.

use crate::adapters::{
    bench, build, bundle, compile, inspect, limits, manual, new, pod, run, serve, test,
};
use crate::config;
use crate::terminal::to_stderr;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use podhook_runner::CommandError;
use std::process::ExitCode;

/// Runs Kubernetes container lifecycle hooks (postStart, preStop) as sandboxed
/// WebAssembly.
#[derive(Debug, Parser)]
#[command(
    name = "podhook",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Environment:
  PODHOOK_CACHE           where compiled code is kept; empty: nowhere [default: ~/.cache/podhook]
  PODHOOK_COMPILE_TIME    CPU time to compile a module, as 10s [default: 2s and 8s for each MiB]
  PODHOOK_COMPILE_MEMORY  memory to compile a module, as 2Gi [default: 1Gi and 64 bytes for each]
  RUST_LOG                what is said on stderr, beside errors"
)]
pub struct Cli {
    /// Say more on stderr; twice for everything (RUST_LOG overrides)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one hook in the sandbox
    Run(Box<run::Options>),
    /// Check, run or simulate a pod
    Pod(pod::Options),
    /// Serve hooks over HTTP, for pods whose handler is httpGet
    Serve(Box<serve::Options>),
    /// Measure what a hook costs, beside other ways
    Bench(Box<bench::Options>),
    /// Show the limits a hook would get, and where each comes from
    Limits(limits::Options),
    /// Make a new project of a hook
    New(new::Options),
    /// Test a hook by cases, in the sandbox
    Test(test::Options),
    /// Build a hook
    Build(build::Options),
    /// Compile a hook ahead of time, for podhook-exec
    Compile(compile::Options),
    /// Make one executable of podhook-exec, a hook and its options
    Bundle(Box<bundle::Options>),
    /// Show what a hook is and what it would need granted
    Inspect(inspect::Options),
    /// Print completions for a shell
    Completions(manual::Completions),
    /// Print the manual page
    #[command(after_help = "Example:\n  podhook man | man -l -")]
    Man,
}

/// Carries out a command line; the only place that turns errors into output.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    config::start_tracing(cli.verbose);
    if let Err(error) = config::compile_limits() {
        return failed(&error);
    }
    let done = match cli.command {
        Command::Run(options) => run::run(*options),
        Command::Pod(options) => pod::run(&options),
        Command::Serve(options) => serve::run(*options),
        Command::Bench(options) => bench::run(*options),
        Command::Limits(options) => limits::run(&options),
        Command::New(options) => new::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Build(options) => build::run(&options),
        Command::Compile(options) => compile::run(&options),
        Command::Bundle(options) => bundle::run(*options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Completions(options) => manual::completions(&options, Cli::command()),
        Command::Man => manual::man(Cli::command()),
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(error) => failed(&error),
    }
}

fn failed(error: &CommandError) -> ExitCode {
    to_stderr(format!("{error}\n").as_bytes());
    ExitCode::from(error.status())
}
