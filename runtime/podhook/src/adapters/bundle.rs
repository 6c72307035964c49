//! `podhook bundle`: adapter, hook and options in one executable.

use crate::adapter_file;
use crate::hook_source::HookSource;
use crate::options::HookArgs;
use crate::precompile::{Cpu, precompile};
use crate::terminal::line_to_stdout;
use crate::whole_file;
use clap::Args;
use podhook_runner::options::HookOptions;
use podhook_runner::{CommandError, bundle};
use podhook_sandbox::Module;
use std::ffi::OsString;
use std::path::PathBuf;

/// Makes one static executable of adapter, hook and options.
///
/// The options are those of podhook-exec, and are meant inside of the container; what is
/// said when the bundle is started comes after them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook bundle drain.wasm -o drain\n  podhook bundle examples/write-message --phase post-start --dir /usr/share::/usr/share -o hooks/greet\n\nIn the pod: exec: {command: [/hooks/drain]}. Its further words are the hook's arguments,\nbut for options: /hooks/drain -o json --timeout 5s ARG."
)]
pub(crate) struct Options {
    #[command(flatten)]
    hook: HookArgs,

    /// The executable
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// The hook's output besides, as it comes: /proc/1/fd/1 is what kubectl logs shows
    #[arg(long, value_name = "FILE")]
    log_to: Option<PathBuf>,

    /// A volume of the downward API [default: /etc/podinfo]
    #[arg(long, value_name = "DIR")]
    podinfo: Option<PathBuf>,

    /// Which processors it is to run on
    #[arg(long, value_enum, default_value_t = Cpu::Baseline)]
    target_cpu: Cpu,

    /// podhook-exec; default: beside podhook, else built from its sources
    #[arg(long, value_name = "FILE")]
    adapter: Option<PathBuf>,
}

pub(crate) fn run(options: Options) -> Result<u8, CommandError> {
    let hook = HookOptions::from(options.hook);
    let source = HookSource::open(&hook.hook)?;
    let name = source.name;
    let module = Module::new(source.bytes).map_err(|why| CommandError::data(&name, why))?;
    let mut words = Vec::new();
    for (option, value) in [("--log-to", options.log_to), ("--podinfo", options.podinfo)] {
        let word = |value: PathBuf| [OsString::from(option), value.into_os_string()];
        words.extend(value.into_iter().flat_map(word));
    }
    words.extend(hook.words());
    let counts = hook.limits.fuel.is_some();
    let compiled = precompile(&module, &name, options.target_cpu, counts)?;
    let adapter = adapter_file::read(options.adapter.as_deref())?;
    whole_file::write(&options.output, whole_file::Mode::Executable, |out| {
        bundle::write(out, &adapter, &compiled, &words)
    })?;
    line_to_stdout(&options.output.display().to_string())?;
    Ok(0)
}
