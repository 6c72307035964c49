//! What podhook takes from its environment; nothing else reads it.

use crate::compile_child::{CompileChild, GivenLimits};
use etcetera::BaseStrategy;
use podhook_runner::{CommandError, grammar};
use podhook_sandbox::{Cache, CodeStore};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::PathBuf;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// Where compiled code is kept: `$PODHOOK_CACHE`, else `podhook` under the user's
/// cache folder (`$XDG_CACHE_HOME`, `~/.cache`). `PODHOOK_CACHE=` (empty): nowhere.
fn cache_folder() -> Option<PathBuf> {
    match std::env::var_os("PODHOOK_CACHE") {
        Some(folder) if folder.is_empty() => None,
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(
            etcetera::choose_base_strategy()
                .ok()?
                .cache_dir()
                .join("podhook"),
        ),
    }
}

/// The process's compiled code. A cache that cannot be used is done without, and
/// said with `-v`.
pub(crate) fn code_store() -> Arc<CodeStore> {
    let cache = cache_folder().and_then(|folder| match Cache::open(&folder) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!("compiling without a cache: {error}");
            None
        }
    });
    Arc::new(compiling(CodeStore::new(cache)))
}

/// With a compiler that keeps to limits, where there can be one.
pub(crate) fn compiling(codes: CodeStore) -> CodeStore {
    // What is wrong with them was said at the start.
    match CompileChild::here(compile_limits().unwrap_or_default()) {
        Some(child) => codes.compiled_by(Box::new(child)),
        None => codes,
    }
}

/// What compiling a module may cost: CPU time in `$PODHOOK_COMPILE_TIME` (`10s`), memory in
/// `$PODHOOK_COMPILE_MEMORY` (`2Gi`); where one is not said, it goes by the module's size.
///
/// # Errors
/// 78 for what is none.
pub(crate) fn compile_limits() -> Result<GivenLimits, CommandError> {
    let (time, memory) = ("PODHOOK_COMPILE_TIME", "PODHOOK_COMPILE_MEMORY");
    let wrong = |name, why: String| CommandError::config(format!("${name}"), why);
    let given_time = variable(time).map(|text| grammar::duration(&text));
    let given_memory = variable(memory).map(|text| grammar::size(&text));
    Ok(GivenLimits {
        time: given_time
            .transpose()
            .map_err(|why| wrong(time, why.to_string()))?,
        memory: given_memory
            .transpose()
            .map_err(|why| wrong(memory, why.to_string()))?,
    })
}

/// Bytes of this machine's memory: what pods take parts of.
pub(crate) fn node_memory() -> u64 {
    let system = rustix::system::sysinfo();
    system.totalram.saturating_mul(system.mem_unit.into())
}

/// A variable of the environment; one that is not UTF-8 is none.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Processors that this process may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Mappings that a process may have (`vm.max_map_count`); the kernel's default where it is
/// not told.
pub(crate) fn max_mappings() -> usize {
    let told = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    let told = told.and_then(|text| text.trim().parse().ok());
    told.unwrap_or(65_530)
}

/// As many open files as this process may have: a server has one per connection.
pub(crate) fn raise_open_files() {
    let limits = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limits.maximum,
        ..limits
    };
    if let Err(why) = setrlimit(Resource::Nofile, most) {
        tracing::debug!("the limit of open files stays: {why}");
    }
}

/// Diagnostics on stderr: errors, with `-v` what happens, with `-vv` everything.
pub(crate) fn start_tracing(verbosity: u8) {
    let default = match verbosity {
        0 => "error",
        1 => "podhook=info,podhook_host=info,podhook_runner=info,podhook_sandbox=info,warn",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}
