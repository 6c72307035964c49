//! `podhook pod`: what concerns a pod as a whole.

mod check;
mod run;
pub(crate) mod simulate;

use crate::kubelet::timeline_text;
use crate::options::Format;
use crate::terminal::{line_to_stdout, to_stdout};
use clap::{Args, Subcommand};
use podhook_lifecycle::spec::validation::FieldError;
use podhook_runner::CommandError;
use serde_json::{Value, json};

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

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    match &options.command {
        Command::Check(options) => check::run(options),
        Command::Run(options) => run::run(options),
        Command::Simulate(options) => simulate::run(options),
    }
}

/// Status of a pod that the API server would refuse (`EX_DATAERR`).
const REJECTED: u8 = 65;

/// Says what would be refused of a pod that is to be played.
fn rejected(errors: &[FieldError], format: Format) -> Result<(), CommandError> {
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    match format {
        Format::Json => line_to_stdout(&pretty(&json!({ "rejected": errors }))?),
        Format::Text => to_stdout(timeline_text::lines(&errors).as_bytes()),
    }
}

fn pretty(value: &Value) -> Result<String, CommandError> {
    serde_json::to_string_pretty(value).map_err(|error| CommandError::host_fault("JSON", error))
}
