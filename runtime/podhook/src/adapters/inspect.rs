//! `podhook inspect`: what a module is, without running it.

use crate::hook_source::HookSource;
use crate::languages;
use crate::options::Format;
use crate::terminal::line_to_stdout;
use clap::Args;
use podhook_lifecycle::Hook;
use podhook_runner::CommandError;
use podhook_runner::one_line::one_line;
use podhook_sandbox::Module;
use podhook_sandbox::module::Shape;
use serde::Serialize;
use std::path::PathBuf;

/// Shows what a hook is and what it would need granted.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook inspect drain.wasm\n  podhook inspect drain.wasm -o json"
)]
pub(crate) struct Options {
    /// A .wasm file, or a folder that is built first
    #[arg(value_name = "HOOK")]
    hook: PathBuf,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// What is known of a module.
#[derive(Debug, Serialize)]
struct Inspection<'m> {
    source: &'m str,
    kind: &'static str,
    /// `core` (wasip1) or `component` (wasip2).
    shape: &'static str,
    phases: Vec<&'static str>,
    /// What it says it was written in; runtimes and libraries have theirs, too.
    languages: Vec<String>,
    digest: String,
    /// Bytes.
    size: usize,
    imports: &'m [String],
    exports: &'m [String],
    grants: Vec<Grant>,
}

/// An option the hook may need, and the import that says so.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Grant {
    option: &'static str,
    why: &'static str,
}

/// Imports that come to nothing without a grant.
const GRANTS: [(&str, Grant); 10] = [
    ("wasi:filesystem/types", DIR),
    ("wasi_snapshot_preview1::path_open", DIR),
    ("wasi:cli/environment", ENV),
    ("wasi_snapshot_preview1::environ_get", ENV),
    ("wasi:http/outgoing-handler", HOST),
    ("podhook:lifecycle/http", HOST),
    (
        "podhook:lifecycle/container",
        Grant {
            option: "--allow-signal --container-pid N",
            why: "signals the container's main process, or waits for its end",
        },
    ),
    (
        "podhook:lifecycle/config",
        Grant {
            option: "--config K=V",
            why: "reads settings",
        },
    ),
    (
        "podhook:lifecycle/state",
        Grant {
            option: "--state-dir DIR",
            why: "keeps values from one phase to the next",
        },
    ),
    (
        "wasi:sockets/tcp",
        Grant {
            option: "(none)",
            why: "has sockets, perhaps its language's; they are not offered to hooks",
        },
    ),
];

const DIR: Grant = Grant {
    option: "--dir HOST::GUEST[:ro]",
    why: "opens files",
};

const ENV: Grant = Grant {
    option: "--env K=V",
    why: "may read the environment",
};

const HOST: Grant = Grant {
    option: "--allow-host HOST[:PORT]",
    why: "sends HTTP requests",
};

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let source = HookSource::open(&options.hook)?;
    let module =
        Module::new(source.bytes).map_err(|error| CommandError::data(&source.name, error))?;
    let inspection = inspect(&source.name, &module);
    let printed = match options.output {
        Format::Text => text(&inspection),
        Format::Json => json(&inspection)?,
    };
    line_to_stdout(&printed)?;
    Ok(0)
}

fn json(inspection: &Inspection<'_>) -> Result<String, CommandError> {
    serde_json::to_string_pretty(inspection)
        .map_err(|error| CommandError::host_fault("JSON", error))
}

fn inspect<'m>(source: &'m str, module: &'m Module) -> Inspection<'m> {
    Inspection {
        source,
        kind: module.kind().as_str(),
        shape: match module.shape() {
            Shape::Core => "core",
            Shape::Component => "component",
        },
        phases: module.hooks().iter().copied().map(Hook::as_str).collect(),
        languages: languages::of(module.bytes()),
        digest: module.digest().to_string(),
        size: module.bytes().len(),
        imports: module.imports(),
        exports: module.exports(),
        grants: grants(module.imports()),
    }
}

fn grants(imports: &[String]) -> Vec<Grant> {
    let mut grants = Vec::new();
    for (import, grant) in GRANTS {
        let asked = imports.iter().any(|name| {
            name == import
                || name
                    .strip_prefix(import)
                    .is_some_and(|rest| rest.starts_with('@'))
        });
        if asked && !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    grants
}

/// A line a fact; names are the module author's text, and stay on their lines.
fn text(inspection: &Inspection<'_>) -> String {
    let mut lines = vec![
        format!("source   {}", inspection.source),
        format!("kind     {} ({})", inspection.kind, inspection.shape),
    ];
    if !inspection.phases.is_empty() {
        lines.push(format!("phases   {}", inspection.phases.join(", ")));
    }
    if !inspection.languages.is_empty() {
        lines.push(format!("language {}", inspection.languages.join(", ")));
    }
    lines.push(format!("digest   {}", inspection.digest));
    lines.push(format!("size     {} bytes", inspection.size));
    list(&mut lines, "imports", inspection.imports.iter().cloned());
    list(&mut lines, "exports", inspection.exports.iter().cloned());
    let grants = inspection.grants.iter();
    let grants = grants.map(|grant| format!("{}: {}", grant.option, grant.why));
    list(&mut lines, "grants it may need", grants);
    let lines: Vec<String> = lines.iter().map(|line| one_line(line)).collect();
    lines.join("\n")
}

fn list(lines: &mut Vec<String>, title: &str, items: impl ExactSizeIterator<Item = String>) {
    let none = if items.len() == 0 { ": none" } else { ":" };
    lines.push(format!("{title}{none}"));
    lines.extend(items.map(|item| format!("  {item}")));
}
