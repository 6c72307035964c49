//! `podhook compile`: ahead of time, to a `.cwasm` file.

use crate::error::CliError;
use crate::hook_source::HookSource;
use crate::terminal::line_to_stdout;
use clap::{Args, ValueEnum};
use podhook_sandbox::{CodeStore, Engine, Module, Profile, TargetCpu, precompiled};
use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Cpu {
    /// Any of this architecture
    Baseline,
    /// This machine's
    Native,
}

pub(crate) fn run(options: &Options) -> Result<u8, CliError> {
    let source = HookSource::open(&options.hook)?;
    let output = match &options.output {
        Some(output) => output.clone(),
        None => source.path.with_extension("cwasm"),
    };
    let invalid = |why: &dyn std::fmt::Display| CliError::data(&source.name, why);
    let module = Module::new(source.bytes).map_err(|error| invalid(&error))?;
    let target_cpu = match options.target_cpu {
        Cpu::Baseline => TargetCpu::Baseline,
        Cpu::Native => TargetCpu::Native,
    };
    let profile = Profile {
        target_cpu,
        ..Profile::one_shot().with_fuel(options.fuel)
    };
    let engine = Engine::new(profile).map_err(|error| CliError::host_fault("sandbox", error))?;
    let code = CodeStore::default()
        .get(&module, &engine)
        .map_err(|error| invalid(&error))?;
    write(&output, |out| {
        precompiled::write(out, &module, code.bytes(), target_cpu, options.fuel)
    })
    .map_err(|error| CliError::cannot_create(output.display().to_string(), error))?;
    line_to_stdout(&output.display().to_string())?;
    Ok(0)
}

/// Whole or not at all, readable by all.
fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = BufWriter::new(&mut file);
    content(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}
