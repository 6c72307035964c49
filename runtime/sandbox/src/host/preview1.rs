//! Functions of WASI preview 1 that are replaced: upstream reports their limits as
//! text only.

use crate::guest::Guest;
use crate::host::files;
use crate::verdict::ProcExit;
use wasmtime::{Caller, Error, Extern, Linker, Result, Trap};

const MODULE: &str = "wasi_snapshot_preview1";

/// `errno::success`.
const SUCCESS: i32 = 0;

pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap(MODULE, "proc_exit", proc_exit)?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    files::functions::add_to_linker(linker)
}

/// Upstream turns statuses from 126 on into an error without type.
fn proc_exit(status: i32) -> Result<()> {
    Err(ProcExit(status.cast_unsigned()).into())
}

/// Upstream allocates what is asked for before it looks whether there is room.
fn random_get(mut caller: Caller<'_, Guest>, pointer: i32, length: i32) -> Result<i32> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(Error::msg("the module exports no memory"));
    };
    let start = usize::try_from(pointer.cast_unsigned())?;
    let end = start.saturating_add(usize::try_from(length.cast_unsigned())?);
    if end > memory.data_size(&caller) {
        return Err(Trap::MemoryOutOfBounds.into());
    }
    caller
        .data_mut()
        .take_random(length.cast_unsigned().into())?;
    if let Some(buffer) = memory.data_mut(&mut caller).get_mut(start..end) {
        getrandom::fill(buffer).map_err(|error| Error::msg(error.to_string()))?;
    }
    Ok(SUCCESS)
}
