//! The command `podhook`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    podhook_host::run(podhook_host::Cli::parse())
}
