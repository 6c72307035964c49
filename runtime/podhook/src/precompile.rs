//! Ahead of time, for `podhook-exec`.

use crate::config;
use clap::ValueEnum;
use podhook_runner::CommandError;
use podhook_sandbox::{CodeStore, Engine, Module, Profile, TargetCpu, precompiled};

/// Which processors compiled code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cpu {
    /// Any of this architecture
    Baseline,
    /// This machine's
    Native,
}

/// A `.cwasm` file of `module`, which counts fuel where it is to.
///
/// # Errors
/// 65 where it cannot be compiled; `name` is the module's.
pub(crate) fn precompile(
    module: &Module,
    name: &str,
    cpu: Cpu,
    counts_fuel: bool,
) -> Result<Vec<u8>, CommandError> {
    let target_cpu = match cpu {
        Cpu::Baseline => TargetCpu::Baseline,
        Cpu::Native => TargetCpu::Native,
    };
    let profile = Profile {
        target_cpu,
        ..Profile::one_shot().with_fuel(counts_fuel)
    };
    let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("podhook", why);
    let engine = Engine::for_one_run(profile).map_err(|why| fault(&why))?;
    let code = config::compiling(CodeStore::default())
        .get(module, &engine)
        .map_err(|why| CommandError::data(name, why))?;
    let mut file = Vec::new();
    precompiled::write(&mut file, module, code.bytes(), target_cpu, counts_fuel)
        .map_err(|why| fault(&why))?;
    Ok(file)
}
