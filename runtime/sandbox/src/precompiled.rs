//! The `.cwasm` file: compiled code, and behind it what it was made of.
//!
//! The code comes first and unchanged, so that it can be mapped as it lies on disk.
//! Such a file is trusted like an executable, and its check tells a broken one from a
//! whole one, not a forged one from a true one; only `podhook-exec` loads it.
//!
//! ```text
//! code | note: lines "name value" | length of the note, 4 bytes | check, 8 | magic, 8
//! ```
//! Numbers are little-endian; the check is XXH3-64 over all that stands before it.

use crate::config::{Profile, TargetCpu};
use crate::module::{Module, Shape};
use podhook_lifecycle::{Digest, Hook, ModuleInfo, ModuleKind};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use std::fs::File;
use std::io::{self, Write};
use std::ptr::NonNull;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// The last bytes of the file.
const MAGIC: &[u8; 8] = b"podhook\x02";

/// Length of the note, check, magic.
const FOOTER: usize = 4 + 8 + 8;

/// Writes compiled `code` of `module`.
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
    let note = Note::of(module, target_cpu, fuel).text();
    let length = u32::try_from(note.len()).map_err(io::Error::other)?;
    let mut check = Xxh3::new();
    for part in [code, note.as_bytes(), &length.to_le_bytes()] {
        check.update(part);
        out.write_all(part)?;
    }
    out.write_all(&check.digest().to_le_bytes())?;
    out.write_all(MAGIC)
}

/// Why a file is no compiled hook, or none for this machine.
#[derive(Debug, thiserror::Error)]
pub enum NotPrecompiled {
    /// It has another ending.
    #[error("not compiled by podhook compile")]
    Foreign,
    /// A module that was not compiled.
    #[error("a module that is not compiled yet: podhook compile does")]
    Module,
    /// It was compiled by a version with another format.
    #[error("compiled by another version of podhook: compile it again")]
    OtherVersion,
    /// Its check does not hold.
    #[error("damaged: its contents do not match their check")]
    Damaged,
    /// The file cannot be mapped.
    #[error("cannot be mapped: {0}")]
    Unmappable(#[from] io::Error),
}

/// What a compiled hook was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Of the module.
    pub digest: Digest,
    /// Which of the three kinds.
    pub kind: ModuleKind,
    /// Phases that a `lifecycle` module exports.
    pub hooks: Vec<Hook>,
    /// Whether computation is counted.
    pub fuel: bool,
    pub(crate) shape: Shape,
    /// Interfaces that a component imports; only those are linked.
    pub(crate) imports: Vec<String>,
    target_cpu: TargetCpu,
}

impl Note {
    fn of(module: &Module, target_cpu: TargetCpu, fuel: bool) -> Self {
        Self {
            digest: module.digest(),
            kind: module.kind(),
            hooks: module.hooks().to_vec(),
            shape: module.shape(),
            imports: match module.shape() {
                Shape::Core => Vec::new(),
                Shape::Component => module.imports().to_vec(),
            },
            target_cpu,
            fuel,
        }
    }

    fn text(&self) -> String {
        let shape = match self.shape {
            Shape::Core => "core",
            Shape::Component => "component",
        };
        let phases: Vec<&str> = self.hooks.iter().copied().map(Hook::as_str).collect();
        let target_cpu = match self.target_cpu {
            TargetCpu::Native => "native",
            TargetCpu::Baseline => "baseline",
        };
        let imports: String = self
            .imports
            .iter()
            .map(|name| format!("import {}\n", name.escape_default()))
            .collect();
        format!(
            "digest {}\nshape {shape}\nkind {}\nphases {}\ntarget-cpu {target_cpu}\nfuel {}\n{imports}",
            self.digest,
            self.kind.as_str(),
            phases.join(","),
            self.fuel,
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        };
        let imports = text.lines().filter_map(|line| line.strip_prefix("import "));
        let phases = field("phases")?.split(',').filter(|name| !name.is_empty());
        Some(Self {
            digest: Digest::parse(field("digest")?)?,
            kind: ModuleKind::parse(field("kind")?)?,
            hooks: phases.map(str::parse).collect::<Result<_, _>>().ok()?,
            shape: match field("shape")? {
                "core" => Shape::Core,
                "component" => Shape::Component,
                _ => return None,
            },
            target_cpu: match field("target-cpu")? {
                "native" => TargetCpu::Native,
                "baseline" => TargetCpu::Baseline,
                _ => return None,
            },
            fuel: field("fuel")?.parse().ok()?,
            imports: imports.map(str::to_owned).collect(),
        })
    }

    /// The engine that it runs on, in a process of one hook.
    #[must_use]
    pub fn profile(&self) -> Profile {
        Profile {
            target_cpu: self.target_cpu,
            ..Profile::one_shot().with_fuel(self.fuel)
        }
    }

    /// What a report says of it.
    #[must_use]
    pub fn info(&self, source: String) -> ModuleInfo {
        ModuleInfo {
            source,
            digest: self.digest,
            kind: Some(self.kind),
        }
    }
}

/// A compiled hook, mapped for good: its code may be running until the process ends.
#[derive(Debug)]
pub struct Precompiled {
    /// What it was made of.
    pub note: Note,
    code: &'static [u8],
}

impl Precompiled {
    /// The compiled hook that `length` bytes of `file` from `start` on are; `start` is a
    /// multiple of 4096.
    ///
    /// # Errors
    /// [`NotPrecompiled`].
    pub fn map(file: &File, start: u64, length: u64) -> Result<Self, NotPrecompiled> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        if length < FOOTER {
            return Err(NotPrecompiled::Foreign);
        }
        let bytes = map(file, start, length)?;
        let (content, footer) = bytes.split_at(length - FOOTER + 4);
        let (check, magic) = footer.split_at(8);
        if magic != MAGIC {
            return Err(foreign(bytes, magic));
        }
        if check != xxh3_64(content).to_le_bytes() {
            return Err(NotPrecompiled::Damaged);
        }
        let (code, note) = split_note(content).ok_or(NotPrecompiled::Damaged)?;
        // A note of another version may have other words.
        let note = Note::parse(note).ok_or(NotPrecompiled::OtherVersion)?;
        Ok(Self { note, code })
    }

    /// The code, as the engine takes it.
    pub(crate) fn code(&self) -> NonNull<[u8]> {
        NonNull::from(self.code)
    }
}

fn foreign(bytes: &[u8], magic: &[u8]) -> NotPrecompiled {
    if bytes.starts_with(b"\0asm") {
        return NotPrecompiled::Module;
    }
    match magic.starts_with(b"podhook") {
        true => NotPrecompiled::OtherVersion,
        false => NotPrecompiled::Foreign,
    }
}

/// Code and note of what stands before the check.
fn split_note(content: &[u8]) -> Option<(&[u8], &str)> {
    let (rest, length) = content.split_last_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (code, note) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
    Some((code, std::str::from_utf8(note).ok()?))
}

#[expect(unsafe_code, reason = "a mapping is read as it is")]
fn map(file: &File, start: u64, length: usize) -> io::Result<&'static [u8]> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a fresh private mapping that is never unmapped. Whoever changes the file
    // under it could as well change the executable that is running.
    let bytes = unsafe {
        let address = mmap(
            std::ptr::null_mut(),
            length,
            protection,
            MapFlags::PRIVATE,
            file,
            start,
        )?;
        std::slice::from_raw_parts(address.cast::<u8>(), length)
    };
    Ok(bytes)
}
