//! What a file is, read from its sections; nothing is compiled here.

mod sizes;

use crate::invalid_module::InvalidModule;
use podhook_lifecycle::{Digest, Hook, ModuleKind};
use sha2::{Digest as _, Sha256};
use sizes::Sizes;
use std::fmt;
use wasmparser::{Encoding, ImportSectionReader, Parser, Payload, TypeRef, WasmFeatures};

/// Modules over this size are refused: compiling takes about a second of CPU time
/// per MiB. The largest toolchains' (Python, JavaScript) come to 20 MiB.
pub const MAX_MODULE_BYTES: usize = 64 << 20;

/// Core module or component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A core module (wasip1).
    Core,
    /// A component (wasip2).
    Component,
}

/// A hook module's bytes and what they say of themselves.
#[derive(Clone)]
pub struct Module {
    bytes: Vec<u8>,
    digest: Digest,
    shape: Shape,
    kind: ModuleKind,
    hooks: Vec<Hook>,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("digest", &self.digest)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The digest of any bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

impl Module {
    /// Reads what `bytes` are.
    ///
    /// # Errors
    /// [`InvalidModule`], by the first thing that is wrong.
    pub fn new(bytes: Vec<u8>) -> Result<Self, InvalidModule> {
        refuse_other_formats(&bytes)?;
        let outline = Outline::read(&bytes)?;
        let (kind, hooks) = outline.entry()?;
        Ok(Self {
            digest: digest(&bytes),
            shape: outline.shape,
            kind,
            hooks,
            imports: outline.imports,
            exports: outline.exports,
            bytes,
        })
    }

    /// The bytes themselves.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 over them.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Core module or component.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Which of the three kinds.
    #[must_use]
    pub fn kind(&self) -> ModuleKind {
        self.kind
    }

    /// Phases a `lifecycle` module exports, in the order of a container's life.
    #[must_use]
    pub fn hooks(&self) -> &[Hook] {
        &self.hooks
    }

    /// Names of imports: interfaces of a component, `module::name` of a core module.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Names of exports.
    #[must_use]
    pub fn exports(&self) -> &[String] {
        &self.exports
    }
}

fn refuse_other_formats(bytes: &[u8]) -> Result<(), InvalidModule> {
    if bytes.is_empty() {
        return Err(InvalidModule::Empty);
    }
    if bytes.len() > MAX_MODULE_BYTES {
        return Err(InvalidModule::TooLarge(bytes.len()));
    }
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(InvalidModule::Precompiled);
    }
    if bytes.starts_with(b"\0asm") {
        return Ok(());
    }
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"(") || text.starts_with(b";;") {
        return Err(InvalidModule::Text);
    }
    let start = bytes.iter().take(8).copied().collect::<Vec<_>>();
    Err(InvalidModule::NotWasm(start.escape_ascii().to_string()))
}

/// The outermost sections of a module.
struct Outline {
    shape: Shape,
    imports: Vec<String>,
    exports: Vec<String>,
    name_bytes: usize,
}

/// Imports and exports of the outermost module; real ones have hundreds.
const MAX_NAMES: usize = 20_000;
/// Bytes of their names.
const MAX_NAME_BYTES: usize = 2 << 20;
fn at_most(what: &'static str, count: usize, most: usize) -> Result<(), InvalidModule> {
    match count <= most {
        true => Ok(()),
        false => Err(InvalidModule::TooMany(what, most)),
    }
}

/// Without proposals that are still moving: among them are encodings that unpack to
/// more than the file has.
fn parser() -> Parser {
    let mut parser = Parser::new(0);
    parser.set_features(WasmFeatures::default());
    parser
}

/// Memories that a module has from elsewhere.
fn imported_memories(section: &ImportSectionReader<'_>) -> Result<usize, InvalidModule> {
    let mut memories = 0;
    for import in section.clone().into_imports() {
        let is_memory = matches!(import.map_err(malformed)?.ty, TypeRef::Memory(_));
        memories += usize::from(is_memory);
    }
    at_most("memories", memories, 1)?;
    Ok(memories)
}

impl Outline {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of the sections inside, only memories are looked at"
    )]
    fn read(bytes: &[u8]) -> Result<Self, InvalidModule> {
        let mut outline = Self {
            shape: Shape::Core,
            imports: Vec::new(),
            exports: Vec::new(),
            name_bytes: 0,
        };
        let mut depth = 0_usize;
        let mut memories = 0_usize;
        let mut sizes = Sizes::default();
        for payload in parser().parse_all(bytes) {
            let payload = payload.map_err(malformed)?;
            match &payload {
                Payload::Version { .. } => memories = 0,
                Payload::ImportSection(section) => memories += imported_memories(section)?,
                Payload::MemorySection(section) => {
                    memories = memories.saturating_add(section.count() as usize);
                    at_most("memories", memories, 1)?;
                }
                _ => {}
            }
            sizes.count(&payload)?;
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ if depth == 0 => outline.section(payload)?,
                _ => {}
            }
        }
        Ok(outline)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "sections that say nothing about imports and exports are many"
    )]
    fn section(&mut self, payload: Payload<'_>) -> Result<(), InvalidModule> {
        match payload {
            Payload::Version { encoding, .. } => {
                self.shape = match encoding {
                    Encoding::Module => Shape::Core,
                    Encoding::Component => Shape::Component,
                };
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(malformed)?;
                    self.import(format!("{}::{}", import.module, import.name))?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(export.map_err(malformed)?.name)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.import(import.map_err(malformed)?.name.name.to_owned())?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.export(export.map_err(malformed)?.name.name)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, name: String) -> Result<(), InvalidModule> {
        self.name_bytes += name.len();
        self.imports.push(name);
        self.check_names()
    }

    fn export(&mut self, name: &str) -> Result<(), InvalidModule> {
        self.name_bytes += name.len();
        self.exports.push(name.to_owned());
        self.check_names()
    }

    /// Names are kept: a file must not make more of them than it has bytes.
    fn check_names(&self) -> Result<(), InvalidModule> {
        at_most(
            "imports and exports",
            self.imports.len() + self.exports.len(),
            MAX_NAMES,
        )?;
        at_most("bytes of names", self.name_bytes, MAX_NAME_BYTES)
    }

    /// Kind and phases. A component that offers more than one kind runs as the most
    /// particular: a wasip2 command may carry lifecycle exports too.
    fn entry(&self) -> Result<(ModuleKind, Vec<Hook>), InvalidModule> {
        if self.shape == Shape::Core {
            return match self.exports.iter().any(|name| name == "_start") {
                true => Ok((ModuleKind::Command, Vec::new())),
                false => Err(InvalidModule::CoreWithoutStart(self.exports.clone())),
            };
        }
        let hooks: Vec<Hook> = Hook::ALL
            .into_iter()
            .filter(|hook| {
                self.exports_interface(&format!("podhook:lifecycle/{}", hook.kebab()), "0.1.")
            })
            .collect();
        if !hooks.is_empty() {
            Ok((ModuleKind::Lifecycle, hooks))
        } else if self.exports_interface("wasi:http/incoming-handler", "0.2.") {
            Ok((ModuleKind::Http, hooks))
        } else if self.exports_interface("wasi:cli/run", "0.2.") {
            Ok((ModuleKind::Command, hooks))
        } else {
            Err(InvalidModule::NoEntry(self.exports.clone()))
        }
    }

    fn exports_interface(&self, name: &str, version: &str) -> bool {
        self.exports.iter().any(|export| {
            export
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('@'))
                .is_some_and(|found| found.starts_with(version))
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
fn malformed(error: wasmparser::BinaryReaderError) -> InvalidModule {
    InvalidModule::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        Module::new(bytes.to_vec()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_module_is_told_apart() {
        assert_eq!(refusal(b""), "the file is empty");
        assert!(refusal(b" (module)").contains("text"));
        assert!(refusal(b";; a comment\n(component)").contains("text"));
        assert_eq!(
            refusal(b"#!/bin/sh\n"),
            r##"not a WebAssembly module: it begins with "#!/bin/s""##
        );
        assert!(refusal(b"\0asm").starts_with("malformed module: "));
        assert!(refusal(b"\0asm\x02\0\0\0").starts_with("malformed module: "));
    }

    /// A module with one section, whose size and count are LEB128 of five bytes.
    fn section(id: u8, count: u32, item: &[u8], items: usize) -> Vec<u8> {
        let leb = |value: u32| {
            [0, 7, 14, 21, 28].map(|shift| {
                let more = if shift == 28 { 0 } else { 0x80 };
                u8::try_from((value >> shift) & 0x7f).unwrap() | more
            })
        };
        let body = [&leb(count)[..], &item.repeat(items)].concat();
        let size = leb(u32::try_from(body.len()).unwrap());
        [b"\0asm\x01\0\0\0", &[id][..], &size, &body].concat()
    }

    #[test]
    fn a_file_does_not_unpack_to_more_than_it_has() {
        let exports = section(7, 20_001, b"\x01a\x00\x00", 20_001);
        assert!(refusal(&exports).starts_with("the module has too many imports and exports"));
        let functions = section(3, 150_001, b"\0", 150_001);
        assert!(refusal(&functions).starts_with("the module has too many functions"));
        // Compact imports: one module name for many items.
        let compact = section(2, 1, b"\x01m\x00\x7f\x01\x01a\x00\x00", 1);
        assert!(refusal(&compact).starts_with("malformed module"));
    }

    #[test]
    fn a_module_without_entry_is_told_what_it_exports() {
        assert!(refusal(b"\0asm\x01\0\0\0").contains("it exports nothing"));
        assert!(refusal(b"\0asm\x0d\0\x01\0").starts_with("no entry"));
    }
}
