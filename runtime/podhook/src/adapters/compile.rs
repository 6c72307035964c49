//! `podhook compile`: ahead of time, to a `.cwasm` file.

use crate::hook_source::HookSource;
use crate::precompile::{Cpu, precompile};
use crate::terminal::line_to_stdout;
use crate::whole_file;
use clap::Args;
use podhook_runner::CommandError;
use podhook_sandbox::Module;
use std::path::PathBuf;

/// Compiles a hook for podhook-exec, which trusts the result like an executable.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook compile drain.wasm\n  podhook compile examples/write-message -o hook.cwasm --target-cpu native"
)]
pub(crate) struct Options {
    /// A .wasm file, or the folder of a crate that is built first
    #[arg(value_name = "HOOK")]
    hook: PathBuf,

    /// Where to; default: beside the module, with the ending .cwasm
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Which processors it is to run on
    #[arg(long, value_enum, default_value_t = Cpu::Baseline)]
    target_cpu: Cpu,

    /// Count computation, so that --fuel can limit it
    #[arg(long)]
    fuel: bool,
}

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let source = HookSource::open(&options.hook)?;
    let output = match &options.output {
        Some(output) => output.clone(),
        None => source.path.with_extension("cwasm"),
    };
    let name = source.name;
    let module = Module::new(source.bytes).map_err(|why| CommandError::data(&name, why))?;
    let file = precompile(&module, &name, options.target_cpu, options.fuel)?;
    whole_file::write(&output, whole_file::Mode::Plain, |out| out.write_all(&file))?;
    line_to_stdout(&output.display().to_string())?;
    Ok(0)
}
