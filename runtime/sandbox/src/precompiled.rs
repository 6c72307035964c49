//! The `.cwasm` file: compiled code, and behind it what it was made of.
//!
//! The code comes first and unchanged, so that it can be mapped as it lies on disk.
//! Such a file is trusted like an executable; only `podhook-exec` loads it.

use crate::config::TargetCpu;
use crate::module::{Module, Shape};
use podhook_lifecycle::Hook;
use std::io::{self, Write};

/// The last bytes of the file.
const MAGIC: &[u8; 8] = b"podhook\x01";

/// Writes compiled `code` of `module`, then a note of lines `name value`, the note's
/// length as a little-endian 32-bit number, and the magic.
///
/// # Errors
/// Where it cannot be written.
pub fn write(
    mut out: impl Write,
    module: &Module,
    code: &[u8],
    target_cpu: TargetCpu,
    fuel: bool,
) -> io::Result<()> {
    let note = note(module, target_cpu, fuel);
    let length = u32::try_from(note.len()).map_err(io::Error::other)?;
    out.write_all(code)?;
    out.write_all(note.as_bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(MAGIC)
}

fn note(module: &Module, target_cpu: TargetCpu, fuel: bool) -> String {
    let shape = match module.shape() {
        Shape::Core => "core",
        Shape::Component => "component",
    };
    let phases: Vec<&str> = module.hooks().iter().copied().map(Hook::as_str).collect();
    let target_cpu = match target_cpu {
        TargetCpu::Native => "native",
        TargetCpu::Baseline => "baseline",
    };
    format!(
        "digest {}\nshape {shape}\nkind {}\nphases {}\ntarget-cpu {target_cpu}\nfuel {fuel}\n",
        module.digest(),
        module.kind().as_str(),
        phases.join(","),
    )
}
