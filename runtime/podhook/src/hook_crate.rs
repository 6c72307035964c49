//! A hook's crate: built by cargo, with the target it needs.

use crate::rust_build;
use crate::whole_file;
use cargo_metadata::MetadataCommand;
use cargo_metadata::camino::Utf8PathBuf;
use clap::ValueEnum;
use podhook_lifecycle::ModuleKind;
use podhook_runner::CommandError;
use podhook_sandbox::Module;
use std::fs;
use std::path::{Path, PathBuf};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

/// cargo's profile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    Debug,
    Release,
}

/// What hooks are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// With WASI: files, the environment, clocks, stdout
    #[value(name = "wasm32-wasip2")]
    Wasi,
    /// With the WASI of before, 0.1, and made a component of
    #[value(name = "wasm32-wasip1")]
    Preview1,
    /// Without: the SDK alone. Half as large, and started in less time
    #[value(name = "wasm32-unknown-unknown")]
    Bare,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Wasi => "wasm32-wasip2",
            Self::Preview1 => "wasm32-wasip1",
            Self::Bare => "wasm32-unknown-unknown",
        }
    }
}

/// Builds the crate in `folder`, for its own target where none is given; cargo speaks on
/// stderr.
pub(crate) fn build(
    folder: &Path,
    mode: Mode,
    target: Option<Target>,
) -> Result<PathBuf, CommandError> {
    let name = folder.display().to_string();
    let wishes = Wishes::of(folder)?;
    let target = target.or(wishes.target).unwrap_or(Target::Wasi);
    rust_build::add_target(folder, target.name())?;
    let modules = cargo(folder, mode, target)?;
    let module = match modules.as_slice() {
        [module] => module.as_std_path(),
        [] => {
            return Err(CommandError::data(name, "the build made no .wasm file")
                .hint("a lifecycle hook is a library with crate-type = [\"cdylib\"]"));
        }
        several => {
            let names: Vec<&str> = several.iter().filter_map(|path| path.file_name()).collect();
            let why = format!("the build made more than one hook: {}", names.join(", "));
            return Err(CommandError::data(name, why)
                .hint("name the folder of one crate, or one of the built files"));
        }
    };
    let module = match target {
        Target::Wasi => module.to_owned(),
        Target::Preview1 | Target::Bare => component(module)?,
    };
    match wishes.output {
        Some(output) => copy(&module, folder.join(output)),
        None => Ok(module),
    }
}

fn copy(module: &Path, to: PathBuf) -> Result<PathBuf, CommandError> {
    let unreadable = |why| CommandError::no_input(module.display().to_string(), why);
    let bytes = fs::read(module).map_err(unreadable)?;
    whole_file::write(&to, whole_file::Mode::Plain, |out| out.write_all(&bytes))?;
    Ok(to)
}

/// What the crate says itself, in `[package.metadata.podhook]`.
#[derive(Debug, Default)]
struct Wishes {
    target: Option<Target>,
    /// Where the component is put besides, from the crate's folder.
    output: Option<PathBuf>,
}

impl Wishes {
    fn of(folder: &Path) -> Result<Self, CommandError> {
        let manifest = folder.join("Cargo.toml");
        let wrong =
            |why: &dyn std::fmt::Display| CommandError::data(manifest.display().to_string(), why);
        // What else is wrong with the manifest cargo says when it builds.
        let mut metadata = MetadataCommand::new();
        let Ok(said) = metadata.manifest_path(&manifest).no_deps().exec() else {
            return Ok(Self::default());
        };
        let Some(package) = said.root_package() else {
            return Ok(Self::default());
        };
        let ours = package.metadata.get("podhook");
        let text = |key: &str| match ours.and_then(|ours| ours.get(key)) {
            None => Ok(None),
            Some(serde_json::Value::String(text)) => Ok(Some(text.as_str())),
            Some(other) => {
                let why = format!("package.metadata.podhook.{key} = {other} is no string");
                Err(wrong(&why))
            }
        };
        let target = text("target")?.map(|name| {
            let names = Target::value_variants().iter().map(|target| target.name());
            let names: Vec<&str> = names.collect();
            Target::from_str(name, false).map_err(|_| {
                let why =
                    format!("package.metadata.podhook.target = {name:?} is no target of hooks");
                wrong(&why).hint(format!("one of {}", names.join(", ")))
            })
        });
        Ok(Self {
            target: target.transpose()?,
            output: text("output")?.map(PathBuf::from),
        })
    }
}

/// A stack of 128 KiB, and a heap within the first pages: a memory that grows costs the host
/// more than a small hook does. Added to what the crate's own configuration says.
const SMALL_MEMORY: &str = include_str!("../templates/small-memory.toml");

/// What cargo made of the crate.
fn cargo(folder: &Path, mode: Mode, target: Target) -> Result<Vec<Utf8PathBuf>, CommandError> {
    let failed =
        |why: &dyn std::fmt::Display| CommandError::data(folder.display().to_string(), why);
    let mut args = vec!["build", "--target", target.name()];
    if let Target::Bare = target {
        args.extend(["--config", SMALL_MEMORY.trim()]);
    }
    if let Mode::Release = mode {
        args.push("--release");
    }
    let built = rust_build::cargo(folder, &args).map_err(|why| failed(&why))?;
    let files = built.into_iter().flat_map(|artifact| artifact.filenames);
    let modules = files.filter(|file| file.extension() == Some("wasm"));
    Ok(modules.collect())
}

/// Makes a component of a module, beside it; for WASI 0.2 the linker does. A command of WASI
/// 0.1 is a hook as it is.
fn component(module: &Path) -> Result<PathBuf, CommandError> {
    let name = module.display().to_string();
    let to = module.with_extension("component.wasm");
    let bytes = fs::read(module).map_err(|why| CommandError::no_input(&name, why))?;
    if Module::new(bytes.clone()).is_ok_and(|module| module.kind() == ModuleKind::Command) {
        return Ok(module.to_owned());
    }
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|encoder| {
            let (name, adapter) = (
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            );
            encoder.adapter(name, adapter)
        })
        .and_then(ComponentEncoder::encode)
        .map_err(|why| {
            CommandError::data(&name, format!("no component can be made of it: {why:#}"))
                .hint("a library is a hook by what the SDK exports: cargo add podhook-sdk")
        })?;
    whole_file::write(&to, whole_file::Mode::Plain, |out| out.write_all(&encoded))?;
    Ok(to)
}
