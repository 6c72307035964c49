//! `podhook completions` and `podhook man`.

use crate::terminal::to_stdout;
use clap::{Args, Command};
use clap_complete::Shell;
use podhook_runner::CommandError;

/// Prints completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  podhook completions bash > /etc/bash_completion.d/podhook")]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn completions(options: &Completions, mut command: Command) -> Result<u8, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "podhook", &mut script);
    print(&script)
}

pub(crate) fn man(command: Command) -> Result<u8, CommandError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| CommandError::host_fault("manual page", error))?;
    print(&page)
}

fn print(text: &[u8]) -> Result<u8, CommandError> {
    to_stdout(text)?;
    Ok(0)
}
