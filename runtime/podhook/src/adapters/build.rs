//! `podhook build`: a hook crate's component.

use crate::hook_crate::{Mode, Target, build};
use crate::terminal::line_to_stdout;
use clap::Args;
use podhook_runner::CommandError;
use std::path::PathBuf;

/// Builds a Rust hook crate and prints the path of the component.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook build\n  podhook build examples/write-message --release"
)]
pub(crate) struct Options {
    /// The crate's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// Optimized
    #[arg(long)]
    release: bool,

    /// What for; default: what `target` in [package.metadata.podhook] of Cargo.toml says,
    /// else wasm32-wasip2
    #[arg(long, value_enum)]
    target: Option<Target>,
}

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let mode = match options.release {
        true => Mode::Release,
        false => Mode::Debug,
    };
    let built = build(&options.folder, mode, options.target)?;
    line_to_stdout(&built.display().to_string())?;
    Ok(0)
}
