//! `podhook new`: a project of a hook, with all it takes to build, test and run it.

use crate::project::{self, Language};
use crate::terminal::line_to_stdout;
use clap::Args;
use podhook_runner::CommandError;
use std::path::PathBuf;

/// Makes a folder with a hook that builds, is tested and runs.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  podhook new goodbye && cd goodbye\n  cargo test\n  podhook build --release\n  podhook run --config farewell=bye goodbye.wasm\n  podhook pod run pod.yaml --until running\n\n  podhook new farewell --lang go"
)]
pub(crate) struct Options {
    /// The folder, whose last part is the hook's name: lower-case letters, digits and `-`
    #[arg(value_name = "NAME")]
    folder: PathBuf,

    /// What it is written in
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,

    /// The SDK's folder; default: the one beside podhook's sources where they are here, else
    /// crates.io's
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    project::make(&options.folder, options.lang, options.sdk.as_deref())?;
    line_to_stdout(&options.folder.display().to_string())?;
    Ok(0)
}
