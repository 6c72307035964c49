//! Builds every guest: Rust for wasip1 and wasip2 with cargo, some without WASI, text with
//! `wat`.
//!
//! Writes `guests.rs`: a constant per guest, and the macro `every_guest`, which
//! names them all, so that a guest without a test does not compile.

use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};
use wit_component::ComponentEncoder;

/// Lifecycle hooks that are built without WASI besides.
const WITHOUT_WASI: [&str; 2] = ["noop", "reads_config"];

/// As `podhook build` has it.
const SMALL_MEMORY: &str = include_str!("../runtime/podhook/templates/small-memory.toml");

fn main() -> Result<()> {
    let guests = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("guests");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for input in ["guests", "../wit", "../sdk"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let built = out.join("rust");
    cargo(&guests, &built, "wasm32-wasip1", &["--release", "--bins"])?;
    cargo(
        &guests,
        &built,
        "wasm32-wasip2",
        &["--release", "--bins", "--examples"],
    )?;
    let mut bare = Vec::new();
    for name in WITHOUT_WASI {
        let mut example = vec!["--profile", "hook", "--example", name];
        example.extend(["--config", SMALL_MEMORY.trim()]);
        cargo(&guests, &built, "wasm32-unknown-unknown", &example)?;
        let examples = built.join("wasm32-unknown-unknown/hook/examples");
        bare.push(component(&examples, name)?);
    }
    let mut generated = Generated::default();
    generated.group("bare", &bare)?;
    generated.group("wat", &text_guests(&guests.join("wat"), &out.join("wat"))?)?;
    for (group, folder, place) in [
        ("wasip1", "commands", "wasm32-wasip1/release"),
        ("wasip2", "commands", "wasm32-wasip2/release"),
        ("lifecycle", "lifecycle", "wasm32-wasip2/release/examples"),
        ("http", "http", "wasm32-wasip2/release/examples"),
    ] {
        generated.group(
            group,
            &rust_guests(&guests.join(folder), &built.join(place))?,
        )?;
    }
    fs::write(out.join("guests.rs"), generated.finish()?)?;
    Ok(())
}

/// A guest's name and its module.
type Guest = (String, PathBuf);

fn cargo(guests: &Path, target_dir: &Path, target: &str, what: &[&str]) -> Result<()> {
    add_target(guests, target)?;
    let status = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["build", "--locked", "--target", target])
        .args(what)
        .arg("--target-dir")
        .arg(target_dir)
        .current_dir(guests)
        // Of the build around this one: lints and flags that are not for guests.
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .stdout(Stdio::null())
        .status()
        .context("start cargo")?;
    match status.success() {
        true => Ok(()),
        false => bail!("building the guests for {target} failed"),
    }
}

/// Listed targets are not added by themselves where RUSTUP_AUTO_INSTALL=0.
fn add_target(folder: &Path, target: &str) -> Result<()> {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(folder)
        .output()
        .context("start rustc")?;
    let library = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    if asked.status.success() && library.is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", target])
        .current_dir(folder)
        .status()
        .context("start rustup")?;
    match added.success() {
        true => Ok(()),
        false => bail!("rustup cannot add {target}"),
    }
}

/// What `podhook build` makes of a module without WASI.
fn component(built: &Path, name: &str) -> Result<Guest> {
    let module = fs::read(built.join(name).with_extension("wasm"))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .encode()?;
    let path = built.join(name).with_extension("component.wasm");
    fs::write(&path, component)?;
    Ok((name.to_owned(), path))
}

fn rust_guests(sources: &Path, built: &Path) -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for name in names(sources, "rs")? {
        let module = built.join(&name).with_extension("wasm");
        if !module.is_file() {
            bail!("{name}.rs was not built: is it listed in guests/Cargo.toml?");
        }
        guests.push((name, module));
    }
    Ok(guests)
}

fn text_guests(sources: &Path, built: &Path) -> Result<Vec<Guest>> {
    fs::create_dir_all(built)?;
    let mut guests = Vec::new();
    for name in names(sources, "wat")? {
        let source = sources.join(&name).with_extension("wat");
        let module = built.join(&name).with_extension("wasm");
        fs::write(&module, wat::parse_file(&source)?)?;
        guests.push((name, module));
    }
    Ok(guests)
}

fn names(folder: &Path, extension: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        if let (Some(name), true) = (name, path.extension().is_some_and(|end| end == extension)) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[derive(Default)]
struct Generated {
    modules: String,
    uses: String,
}

impl Generated {
    fn group(&mut self, group: &str, guests: &[Guest]) -> Result<()> {
        writeln!(self.modules, "/// Guests of `{group}`.\npub mod {group} {{")?;
        for (name, module) in guests {
            let constant = name.to_uppercase();
            writeln!(self.modules, "    /// `{name}`.")?;
            writeln!(self.modules, "    pub const {constant}: &str = {module:?};")?;
            writeln!(
                self.uses,
                "        use $crate_of_tests::{group}::{name} as _;"
            )?;
        }
        writeln!(self.modules, "}}")?;
        Ok(())
    }

    /// The macro wants a module of the tests with a function for every guest, named as
    /// the guest, in a module named as its group.
    fn finish(self) -> Result<String> {
        let uses = self.uses.replace("$crate_of_tests", "super");
        Ok(format!(
            "{}\n/// Holds that there is a test for every guest.\n#[macro_export]\nmacro_rules! every_guest {{\n    () => {{\n        mod every_guest_has_a_test {{\n{uses}        }}\n    }};\n}}\n",
            self.modules
        ))
    }
}
