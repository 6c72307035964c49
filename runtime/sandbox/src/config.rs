//! One configuration for compiler, cache, runtime and tests.
//!
//! Fuel, CPU target and the shape of memory are baked into compiled code: code made
//! under one configuration runs under the same one only. That is why there is one
//! function for it.

use crate::mapped_code::MappedCode;
use crate::pool::{self, Reset};
use std::sync::Arc;
use wasmtime::{Config, Inlining, WasmFeatures};

/// Which processors compiled code may be run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TargetCpu {
    /// This machine's own: the fastest.
    #[default]
    Native,
    /// Any processor of this architecture.
    Baseline,
}

/// Where instances get their memories and stacks from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allocation {
    /// From the kernel, at every run: right for a process that runs one hook.
    OnDemand,
    /// From slots set aside in advance: the second run finds everything in place.
    Pooled {
        /// Hooks that can run at the same time on this engine.
        slots: u32,
    },
}

/// What is baked into an engine and its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Whether computation is counted, which slows every loop of the guest.
    pub fuel: bool,
    /// For which processors.
    pub target_cpu: TargetCpu,
    /// Whether functions are copied into their callers: faster where a guest computes
    /// for long, but three to five times the code, which takes as much longer to compile
    /// and to check.
    pub inlining: bool,
    /// Where from memory comes.
    pub allocation: Allocation,
}

impl Profile {
    /// For a process that runs one hook: native code that is quickly there, on demand.
    #[must_use]
    pub const fn one_shot() -> Self {
        Self {
            fuel: false,
            target_cpu: TargetCpu::Native,
            inlining: false,
            allocation: Allocation::OnDemand,
        }
    }

    /// For a worker that runs hook after hook.
    #[must_use]
    pub const fn pooled(slots: u32) -> Self {
        Self {
            inlining: true,
            allocation: Allocation::Pooled { slots },
            ..Self::one_shot()
        }
    }

    /// The same, with fuel counted or not.
    #[must_use]
    pub const fn with_fuel(self, fuel: bool) -> Self {
        Self { fuel, ..self }
    }
}

/// The configuration of an engine.
///
/// | setting | because |
/// |---|---|
/// | epochs, no ticking | the only interruption that does not slow the guest; see `alarm` |
/// | 4 GiB reservation | bounds checks vanish: 4 GiB or nothing |
/// | no concurrency support | it makes every call dearer, for wasip3 alone |
/// | copy-on-write images, for workers | a single run would make a file of its own for it |
/// | inlining, for workers | takes back some of what epochs cost in small functions |
/// | no native unwind tables | nobody unwinds through guests; registering them costs every start |
/// | stacks of 1 MiB, 512 KiB of it for wasm | the rest is for host frames; only touched pages count |
/// | no stack zeroing | the pool resets what a guest could read; stacks it cannot |
/// | no threads, GC, exceptions, memory64, relaxed SIMD | no hook needs them; less to trust |
/// | multi-memory | what lies between two components in one has both memories; a module with more than one is refused before |
pub(crate) fn config(profile: &Profile, reset: Reset) -> wasmtime::Result<Config> {
    let mut config = for_compiling(profile)?;
    match profile.allocation {
        Allocation::OnDemand => {
            config.with_custom_code_memory(Some(Arc::new(MappedCode)));
        }
        Allocation::Pooled { slots } => {
            pool::set_aside(&mut config, slots, reset)?;
        }
    }
    Ok(config)
}

/// The same, for code that is run elsewhere: nothing is set aside.
pub(crate) fn for_compiling(profile: &Profile) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .consume_fuel(profile.fuel)
        .epoch_interruption(true)
        .concurrency_support(false)
        .gc_support(false)
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .memory_init_cow(profile.allocation != Allocation::OnDemand)
        .max_wasm_stack(512 << 10)
        .async_stack_size(1 << 20)
        .async_stack_zeroing(false)
        .native_unwind_info(false)
        .compiler_inlining(match profile.inlining {
            true => Inlining::Yes,
            false => Inlining::No,
        })
        .wasm_features(unwanted_features(), false)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
    compiler(&mut config, profile.target_cpu)?;
    Ok(config)
}

fn unwanted_features() -> WasmFeatures {
    WasmFeatures::THREADS
        | WasmFeatures::SHARED_EVERYTHING_THREADS
        | WasmFeatures::GC
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::LEGACY_EXCEPTIONS
        | WasmFeatures::MEMORY64
        | WasmFeatures::CUSTOM_PAGE_SIZES
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::STACK_SWITCHING
        | WasmFeatures::CM_ASYNC
}

#[cfg(feature = "compile")]
fn compiler(config: &mut Config, target: TargetCpu) -> wasmtime::Result<()> {
    config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    if target == TargetCpu::Baseline {
        // Naming a target turns detection of this machine's extensions off.
        config.target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH))?;
    }
    Ok(())
}

#[cfg(not(feature = "compile"))]
fn compiler(_config: &mut Config, _target: TargetCpu) -> wasmtime::Result<()> {
    Ok(())
}
