//! Makes code executable where it lies: wasmtime does so only with memory of its own,
//! and compiled hooks are run from their file, without a copy.

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::{CustomCodeMemory, Result};

/// Of the kernel; code is aligned to it.
const PAGE: usize = 4096;

pub(crate) struct MappedCode;

impl CustomCodeMemory for MappedCode {
    fn required_alignment(&self) -> usize {
        PAGE
    }

    fn publish_executable(&self, start: *const u8, length: usize) -> Result<()> {
        protect(start, length, MprotectFlags::READ | MprotectFlags::EXEC)
    }

    fn unpublish_executable(&self, start: *const u8, length: usize) -> Result<()> {
        protect(start, length, MprotectFlags::READ | MprotectFlags::WRITE)
    }
}

#[expect(unsafe_code, reason = "no safe binding")]
fn protect(start: *const u8, length: usize, flags: MprotectFlags) -> Result<()> {
    let start = start.cast_mut().cast();
    // SAFETY: wasmtime names pages that hold code and nothing else, before it runs and
    // after nobody runs it any more.
    Ok(unsafe { mprotect(start, length, flags) }?)
}
