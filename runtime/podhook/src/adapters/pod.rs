//! `podhook pod`: what concerns a pod as a whole.

mod check;
mod run;
mod simulate;

use crate::error::CliError;
use clap::{Args, Subcommand};

/// Works on pods' files.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what the API server would refuse, and what a person did not mean
    Check(check::Options),
    /// Play a pod on this machine, in real time
    Run(run::Options),
    /// Play a pod by a scenario, in virtual time
    Simulate(simulate::Options),
}

pub(crate) fn run(options: &Options) -> Result<u8, CliError> {
    match &options.command {
        Command::Check(options) => check::run(options),
        Command::Run(options) => run::run(options),
        Command::Simulate(options) => simulate::run(options),
    }
}
