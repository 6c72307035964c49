//! A hook's crate: built by cargo, with the target it needs.

use crate::rust_build;
use crate::whole_file;
use cargo_metadata::MetadataCommand;
use cargo_metadata::camino::Utf8PathBuf;
use clap::ValueEnum;
use podhook_runner::CommandError;
use std::fs;
use std::path::{Path, PathBuf};
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
    /// Without: the SDK alone. Half as large, and started in less time
    #[value(name = "wasm32-unknown-unknown")]
    Bare,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Wasi => "wasm32-wasip2",
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
    if !folder.join("Cargo.toml").is_file() {
        return Err(CommandError::no_input(name, "the folder has no Cargo.toml"));
    }
    let target = match target {
        Some(target) => target,
        None => target_of(folder)?,
    };
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
    match target {
        Target::Wasi => Ok(module.to_owned()),
        Target::Bare => component(module),
    }
}

/// What the crate says itself: `target` in `[package.metadata.podhook]`.
fn target_of(folder: &Path) -> Result<Target, CommandError> {
    let manifest = folder.join("Cargo.toml");
    let said = MetadataCommand::new()
        .manifest_path(&manifest)
        .no_deps()
        .exec()
        .map_err(|why| CommandError::data(manifest.display().to_string(), why))?;
    let Some(package) = said.root_package() else {
        return Ok(Target::Wasi);
    };
    let target = &package.metadata["podhook"]["target"];
    if target.is_null() {
        return Ok(Target::Wasi);
    }
    let known = target.as_str().map(|name| Target::from_str(name, false));
    match known {
        Some(Ok(target)) => Ok(target),
        Some(Err(_)) | None => {
            let why = format!("package.metadata.podhook.target = {target} is no target of hooks");
            let names = Target::value_variants().iter().map(|target| target.name());
            let names: Vec<&str> = names.collect();
            Err(CommandError::data(manifest.display().to_string(), why)
                .hint(format!("one of {}", names.join(", "))))
        }
    }
}

/// A stack of 128 KiB, and a heap within the first pages: a memory that grows costs the host
/// more than a small hook does. Added to what the crate's own configuration says.
const SMALL_MEMORY: &str = "target.wasm32-unknown-unknown.rustflags = \
    ['-Clink-arg=-zstack-size=131072', '-Clink-arg=--initial-memory=262144']";

/// What cargo made of the crate.
fn cargo(folder: &Path, mode: Mode, target: Target) -> Result<Vec<Utf8PathBuf>, CommandError> {
    let failed =
        |why: &dyn std::fmt::Display| CommandError::data(folder.display().to_string(), why);
    let mut args = vec!["build", "--target", target.name()];
    if let Target::Bare = target {
        args.extend(["--config", SMALL_MEMORY]);
    }
    if let Mode::Release = mode {
        args.push("--release");
    }
    let built = rust_build::cargo(folder, &args).map_err(|why| failed(&why))?;
    let files = built.into_iter().flat_map(|artifact| artifact.filenames);
    let modules = files.filter(|file| file.extension() == Some("wasm"));
    Ok(modules.collect())
}

/// Makes a component of a module, beside it; for WASI the linker does.
fn component(module: &Path) -> Result<PathBuf, CommandError> {
    let name = module.display().to_string();
    let to = module.with_extension("component.wasm");
    let bytes = fs::read(module).map_err(|why| CommandError::no_input(&name, why))?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|encoder| encoder.encode())
        .map_err(|why| {
            CommandError::data(&name, format!("no component can be made of it: {why:#}"))
                .hint("without WASI a hook is written with the SDK: cargo add podhook-sdk")
        })?;
    whole_file::write(&to, whole_file::Mode::Plain, |out| out.write_all(&encoded))?;
    Ok(to)
}
