//! The command `podhook`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match podhook_host::enter() {
        Some(status) => status,
        None => podhook_host::run(podhook_host::Cli::parse()),
    }
}
