//! The files of a project, by language.

use super::Language;

/// A file's place in the project, and its text.
type Template = (&'static str, &'static str);

/// A template of a language's.
macro_rules! file {
    ($place:literal, $file:literal) => {
        ($place, include_str!(concat!("../../templates/", $file)))
    };
}

const RUST: &[Template] = &[
    file!("Cargo.toml", "rust/Cargo.toml.in"),
    file!("src/lib.rs", "rust/lib.rs"),
    file!("pod.yaml", "rust/pod.yaml"),
    file!("cases/farewell.yaml", "rust/case.yaml"),
    file!("README.md", "rust/README.md"),
    file!(".gitignore", "rust/gitignore"),
    file!(".github/workflows/ci.yaml", "rust/ci.yaml"),
];

/// What all but Rust's have.
const COMMAND: &[Template] = &[
    file!("pod.yaml", "command/pod.yaml"),
    file!("cases/farewell.yaml", "command/case.yaml"),
    file!("README.md", "command/README.md"),
    file!(".gitignore", "command/gitignore"),
];

const C: &[Template] = &[
    file!("podhook.toml", "c/podhook.toml"),
    file!("main.c", "c/main.c"),
    file!(".github/workflows/ci.yaml", "c/ci.yaml"),
];

const GO: &[Template] = &[
    file!("podhook.toml", "go/podhook.toml"),
    file!("go.mod", "go/go.mod.in"),
    file!("main.go", "go/main.go"),
    file!(".github/workflows/ci.yaml", "go/ci.yaml"),
];

const ZIG: &[Template] = &[
    file!("podhook.toml", "zig/podhook.toml"),
    file!("main.zig", "zig/main.zig"),
    file!(".github/workflows/ci.yaml", "zig/ci.yaml"),
];

const ASSEMBLYSCRIPT: &[Template] = &[
    file!("podhook.toml", "assemblyscript/podhook.toml"),
    file!("package.json", "assemblyscript/package.json"),
    file!("main.ts", "assemblyscript/main.ts"),
    file!(".github/workflows/ci.yaml", "assemblyscript/ci.yaml"),
];

const PYTHON: &[Template] = &[
    file!("podhook.toml", "python/podhook.toml"),
    file!("app.py", "python/app.py"),
    file!("wit/hook.wit", "python/hook.wit"),
    file!("wit/deps/cli/cli.wit", "python/cli.wit"),
    file!(".github/workflows/ci.yaml", "python/ci.yaml"),
];

const JAVASCRIPT: &[Template] = &[
    file!("podhook.toml", "javascript/podhook.toml"),
    file!("package.json", "javascript/package.json"),
    file!("hook.js", "javascript/hook.js"),
    file!("wit/hook.wit", "javascript/hook.wit"),
    file!("wit/deps/cli/cli.wit", "javascript/cli.wit"),
    file!(".github/workflows/ci.yaml", "javascript/ci.yaml"),
];

/// All files of a language's project.
pub(super) fn of(language: Language) -> impl Iterator<Item = &'static Template> {
    let (own, shared) = match language {
        Language::Rust => (RUST, &[][..]),
        Language::C => (C, COMMAND),
        Language::Go => (GO, COMMAND),
        Language::Zig => (ZIG, COMMAND),
        Language::AssemblyScript => (ASSEMBLYSCRIPT, COMMAND),
        Language::Python => (PYTHON, COMMAND),
        Language::JavaScript => (JAVASCRIPT, COMMAND),
    };
    own.iter().chain(shared)
}

/// As it is written.
pub(super) const fn name(language: Language) -> &'static str {
    match language {
        Language::Rust => "Rust",
        Language::C => "C",
        Language::Go => "Go",
        Language::Zig => "Zig",
        Language::AssemblyScript => "AssemblyScript",
        Language::Python => "Python",
        Language::JavaScript => "JavaScript",
    }
}
