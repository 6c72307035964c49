//! A valid module, whatever it does, is compiled and run within its limits: nothing of the
//! host fails over it. Run again, it ends in the same way and prints the same, so nothing
//! of the first run was left in the slot; where a limit ended it, time decides.

#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{Invocation, Outcome, Report};
use podhook_runner::Runner;
use podhook_sandbox::{EventLoop, Module, Profile, Wiring};
use std::sync::Arc;
use std::time::Duration;
use wasm_smith::Config;

/// What a command has.
const EXPORTS: &str = r#"(module
    (func (export "_start"))
    (memory (export "memory") 1))"#;

/// What it may ask for: without clocks and chance, which are different each time.
const IMPORTS: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_fdstat_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_renumber" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_seek" (func (param i32 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))"#;

/// Loops and calls of a module that is made to end; the deadline takes a thousand times as
/// long, so few are left to it.
const STEPS: u32 = 10_000;

struct Stage {
    runner: Runner,
    event_loop: EventLoop,
    exports: Vec<u8>,
    imports: Vec<u8>,
}

thread_local! {
    // Never dropped: threads of it are still running when the process ends.
    static STAGE: &'static Stage = Box::leak(Box::new(Stage {
        // One slot, so that the second run is where the first was.
        runner: Runner::new(Profile::pooled(1), Arc::default()).unwrap(),
        event_loop: EventLoop::new().unwrap(),
        exports: wat::parse_str(EXPORTS).unwrap(),
        imports: wat::parse_str(IMPORTS).unwrap(),
    }));
}

impl Stage {
    fn module(&self, data: &[u8]) -> Option<Module> {
        let mut rest = Unstructured::new(data);
        let is_to_end = rest.ratio(15, 16).ok()?;
        let mut module = wasm_smith::Module::new(self.config(), &mut rest).ok()?;
        if is_to_end {
            module.ensure_termination(STEPS).ok()?;
        }
        Module::new(module.to_bytes()).ok()
    }

    /// Without what the engine has switched off.
    fn config(&self) -> Config {
        Config {
            available_imports: Some(self.imports.clone()),
            exports: Some(self.exports.clone()),
            exceptions_enabled: false,
            gc_enabled: false,
            memory64_enabled: false,
            relaxed_simd_enabled: false,
            threads_enabled: false,
            max_funcs: 20,
            // The one it exports comes on top, and there may be no other.
            max_memories: 0,
            ..Config::default()
        }
    }

    fn run(&self, module: &Module) -> Report {
        let mut call = Invocation::new(Runner::new_id());
        call.args = vec!["fuzz".to_owned()];
        call.budget.timeout = Some(Duration::from_millis(200));
        call.budget.memory = Some(32 << 20);
        let call = Arc::new(call);
        let wiring = Wiring::new(Arc::new(Account::new(AccountLimits::default())));
        let run = self.runner.run("fuzz", module, &call, &wiring);
        let report = self.event_loop.block_on(run);
        assert_ne!(report.outcome, Outcome::HostFault, "{:?}", report.message);
        report
    }
}

fuzz_target!(|data: &[u8]| {
    let stage = STAGE.with(|stage| *stage);
    let Some(module) = stage.module(data) else {
        return;
    };
    let (first, second) = (stage.run(&module), stage.run(&module));
    let met_a_limit = |report: &Report| matches!(report.outcome, Outcome::Exhausted(_));
    if !met_a_limit(&first) && !met_a_limit(&second) {
        assert_eq!(first.outcome, second.outcome);
        assert_eq!(first.message, second.message);
        assert_eq!(first.guest_exit_code, second.guest_exit_code);
        assert_eq!(first.output, second.output);
    }
});
