//! A hook's project in any language: built by the commands that its `podhook.toml` names.
//!
//! ```toml
//! language = "Zig"
//! output = "drain.wasm"
//!
//! [[build]]                       # one or more: the first whose tools are there
//! command = ["zig", "build-exe", …]
//! env = { NAME = "value" }        # beside podhook's own
//! probe = ["zig", "version"]      # succeeds where the tools are there; default: the
//!                                 # command's program can be started
//! needs = "Zig 0.17 (https://ziglang.org/download)"
//! ```
//! What the commands do is not known here; they may do what podhook may.

use crate::whole_file;
use podhook_runner::CommandError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use wasm_metadata::{AddMetadata, Producers};

/// Its name.
pub(crate) const MANIFEST: &str = "podhook.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// What the hook is written in, for `podhook inspect`.
    language: Option<String>,
    /// What the build makes, from the project's folder.
    output: PathBuf,
    build: Vec<Way>,
}

/// One way to build it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    command: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    probe: Option<Vec<String>>,
    /// For a person.
    needs: String,
}

/// Builds the project; what it prints goes to stderr.
///
/// # Errors
/// 65, with what is needed where it is not there; 78 for a manifest that is none.
pub(crate) fn build(folder: &Path) -> Result<PathBuf, CommandError> {
    let manifest = Manifest::read(&folder.join(MANIFEST))?;
    let failed =
        |why: &dyn std::fmt::Display| CommandError::data(folder.display().to_string(), why);
    for way in &manifest.build {
        let Some(status) = way.go(folder).map_err(|why| failed(&why))? else {
            continue;
        };
        if !status.success() {
            let why = format!("the build failed ({status}); see above");
            return Err(failed(&why).hint(format!("it needs {}", way.needs)));
        }
        let output = folder.join(&manifest.output);
        if !output.is_file() {
            let why = format!("the build did not make {}", manifest.output.display());
            return Err(failed(&why));
        }
        if let Some(language) = &manifest.language {
            name_language(&output, language)?;
        }
        return Ok(output);
    }
    let needs: Vec<&str> = manifest
        .build
        .iter()
        .map(|way| way.needs.as_str())
        .collect();
    let language = manifest.language.as_deref().unwrap_or("the hook");
    let why = format!("what builds {language} is not there");
    Err(failed(&why).hint(format!("install {}", needs.join(", or "))))
}

impl Manifest {
    fn read(file: &Path) -> Result<Self, CommandError> {
        let name = file.display().to_string();
        let wrong = |why: &dyn std::fmt::Display| CommandError::config(&name, why);
        let text = fs::read_to_string(file).map_err(|why| wrong(&why))?;
        let manifest: Self = toml::from_str(&text).map_err(|why| {
            let line = why.span().map_or(1, |span| {
                let before = text.get(..span.start).unwrap_or_default();
                1 + before.matches('\n').count()
            });
            wrong(&format!("line {line}: {}", why.message()))
        })?;
        let has_program = |way: &Way| way.command.first().is_some_and(|word| !word.is_empty());
        match manifest.build.iter().all(has_program) && !manifest.build.is_empty() {
            true => Ok(manifest),
            false => Err(wrong(&"it says no command that builds the hook")),
        }
    }
}

impl Way {
    /// Runs the command, where its tools are there.
    fn go(&self, folder: &Path) -> std::io::Result<Option<ExitStatus>> {
        if let Some(probe) = &self.probe {
            let mut command = self.prepared(probe, folder);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let is_there = command.status().is_ok_and(|status| status.success());
            if !is_there {
                return Ok(None);
            }
        }
        let mut command = self.prepared(&self.command, folder);
        match command.stdout(std::io::stderr()).status() {
            Ok(status) => Ok(Some(status)),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why),
        }
    }

    fn prepared(&self, words: &[String], folder: &Path) -> Command {
        let mut words = words.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).envs(&self.env).current_dir(folder);
        command.stdin(Stdio::null());
        command
    }
}

/// Few compilers say in their output what it was written in.
fn name_language(module: &Path, language: &str) -> Result<(), CommandError> {
    let name = module.display().to_string();
    let wrong = |why: &dyn std::fmt::Display| CommandError::data(&name, why);
    let bytes =
        fs::read(module).map_err(|why| wrong(&format!("the build did not make it: {why}")))?;
    let known = Producers::from_wasm(&bytes).map_err(|why| wrong(&format!("{why:#}")))?;
    let is_known = |known: Producers| {
        known
            .get("language")
            .is_some_and(|of| of.get(language).is_some())
    };
    if known.is_some_and(is_known) {
        return Ok(());
    }
    let mut metadata = AddMetadata::default();
    metadata.language = vec![(language.to_owned(), String::new())];
    let named = metadata
        .to_wasm(&bytes)
        .map_err(|why| wrong(&format!("{why:#}")))?;
    whole_file::write(module, whole_file::Mode::Plain, |out| out.write_all(&named))
}
