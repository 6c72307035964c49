//! `podhook build`: a hook's folder becomes a module.

use crate::hook_build::build;
use crate::hook_crate::{Mode, Target};
use crate::terminal::line_to_stdout;
use clap::Args;
use podhook_runner::CommandError;
use std::path::PathBuf;

/// Builds a hook and prints the path of the module.
///
/// A Rust crate is built by cargo, and its target added where it is missing. Anything else has
/// a podhook.toml, which says what builds it; podhook new writes one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook build\n  podhook build examples/write-message --release"
)]
pub(crate) struct Options {
    /// The hook's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// Optimized, for Rust; podhook.toml says how the others are
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
