//! A hook's project, from templates: whole, or not at all.
//!
//! Does not know how it is built: see [`crate::hook_crate`].

use clap::ValueEnum;
use podhook_runner::CommandError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

mod templates;

/// What a hook is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// With the SDK
    Rust,
    /// A WASI command; built by Zig, or clang with wasi-libc
    C,
    /// A WASI command; built by Go 1.21 or newer
    Go,
    /// A WASI command; built by Zig
    Zig,
    /// A WASI command; built by npm
    #[value(name = "assemblyscript")]
    AssemblyScript,
    /// A WASI command; built by componentize-py
    Python,
    /// A WASI command; built by npm
    #[value(name = "javascript")]
    JavaScript,
}

/// Where the SDK is while podhook is built from its sources.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// As a pod is named (RFC 1123), which is what a crate may be named as well.
const LONGEST_NAME: usize = 63;

/// Makes the folder, which must not be there yet.
///
/// # Errors
/// 2 where the name is none, 66 where there is no SDK in `sdk`, 73 where the folder cannot
/// be made.
pub(crate) fn make(
    folder: &Path,
    language: Language,
    sdk: Option<&Path>,
) -> Result<(), CommandError> {
    let name = name_of(folder)?;
    let sdk = match (language, sdk) {
        (Language::Rust, sdk) => Some(Sdk::find(sdk)?),
        (_, None) => None,
        (_, Some(_)) => {
            let why = "the SDK is for Rust; hooks in other languages are WASI commands";
            return Err(CommandError::usage("--sdk", why));
        }
    };
    let cannot = |why: &dyn std::fmt::Display| {
        CommandError::cannot_create(folder.display().to_string(), why)
    };
    if fs::symlink_metadata(folder).is_ok() {
        return Err(cannot(&"there is something of that name already"));
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let unfinished = tempfile::Builder::new()
        .prefix(".podhook-new-")
        .tempdir_in(parent)
        .map_err(|why| cannot(&why))?;
    fill(unfinished.path(), name, language, sdk.as_ref()).map_err(|why| cannot(&why))?;
    open_to_all(unfinished.path()).map_err(|why| cannot(&why))?;
    fs::rename(unfinished.path(), folder).map_err(|why| cannot(&why))?;
    // It has moved: there is nothing left to remove.
    let _ = unfinished.keep();
    Ok(())
}

fn name_of(folder: &Path) -> Result<&str, CommandError> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let fits = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-');
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.len() <= LONGEST_NAME
        && name.chars().all(fits);
    let no = |why| CommandError::usage(folder.display().to_string(), why);
    match is_name {
        true if is_taken(name) => {
            Err(no("a word of Rust's, or a crate that hooks use").hint("another name"))
        }
        true => Ok(name),
        false => Err(no("not a name for a hook").hint(format!(
            "lower-case letters, digits and -, from a letter to a letter or digit, at most {LONGEST_NAME}"
        ))),
    }
}

/// Words of Rust's, and crates that every program sees or the hook uses.
fn is_taken(name: &str) -> bool {
    let words = [
        "abstract",
        "alloc",
        "as",
        "async",
        "await",
        "become",
        "box",
        "break",
        "const",
        "continue",
        "core",
        "crate",
        "do",
        "dyn",
        "else",
        "enum",
        "extern",
        "false",
        "final",
        "fn",
        "for",
        "gen",
        "if",
        "impl",
        "in",
        "let",
        "loop",
        "macro",
        "match",
        "mod",
        "move",
        "mut",
        "override",
        "podhook",
        "podhook-sdk",
        "priv",
        "proc-macro",
        "pub",
        "ref",
        "return",
        "self",
        "static",
        "std",
        "struct",
        "super",
        "test",
        "trait",
        "true",
        "try",
        "type",
        "typeof",
        "unsafe",
        "unsized",
        "use",
        "virtual",
        "where",
        "while",
        "yield",
    ];
    words.contains(&name)
}

/// Where a hook has its SDK from.
enum Sdk {
    /// With the lock file of its sources, so that what was tested together is used.
    Folder(PathBuf, Option<PathBuf>),
    Published,
}

impl Sdk {
    fn find(given: Option<&Path>) -> Result<Self, CommandError> {
        let sources = Path::new(SOURCES);
        if let Some(folder) = given {
            let name = || format!("--sdk {}", folder.display());
            let found =
                fs::canonicalize(folder).map_err(|why| CommandError::no_input(name(), why))?;
            return match found.join("Cargo.toml").is_file() {
                true => Ok(Self::Folder(found, None)),
                false => Err(CommandError::no_input(
                    name(),
                    "the folder has no Cargo.toml",
                )),
            };
        }
        match fs::canonicalize(sources.join("sdk/rust")) {
            Ok(found) if found.join("Cargo.toml").is_file() => {
                let lock = sources.join("Cargo.lock");
                Ok(Self::Folder(found, lock.is_file().then_some(lock)))
            }
            Ok(_) | Err(_) => Ok(Self::Published),
        }
    }

    /// As Cargo.toml has it.
    fn dependency(&self) -> String {
        match self {
            Self::Folder(folder, _) => {
                let path = toml_string(&folder.display().to_string());
                format!("{{ path = {path} }}")
            }
            Self::Published => toml_string(env!("CARGO_PKG_VERSION")),
        }
    }
}

fn toml_string(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|letter| match letter {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            _ if letter.is_control() => format!("\\u{:04X}", u32::from(letter)),
            _ => letter.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

fn fill(folder: &Path, name: &str, language: Language, sdk: Option<&Sdk>) -> io::Result<()> {
    let dependency = sdk.map(Sdk::dependency).unwrap_or_default();
    for (place, text) in templates::of(language) {
        let path = folder.join(place);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let text = text.replace("{{name}}", name);
        let text = text.replace("{{language}}", templates::name(language));
        fs::write(path, text.replace("{{sdk}}", &dependency))?;
    }
    if let Some(Sdk::Folder(_, Some(lock))) = sdk {
        fs::copy(lock, folder.join("Cargo.lock"))?;
    }
    Ok(())
}

/// A temporary folder is its owner's alone; a project is as the umask has it.
fn open_to_all(folder: &Path) -> io::Result<()> {
    let as_usual = fs::metadata(folder.join(".github"))?.permissions();
    fs::set_permissions(folder, as_usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_pods_and_crates() {
        for name in ["drain", "a", "drain-2", "x/y/drain"] {
            assert!(name_of(Path::new(name)).is_ok(), "{name}");
        }
        let long = "x".repeat(64);
        for name in [
            "", "Drain", "2drain", "drain-", "dr_ain", "..", "/", "test", &long,
        ] {
            assert!(name_of(Path::new(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_are_quoted_as_toml_has_it() {
        assert_eq!(toml_string("a\"b\\c\n"), r#""a\"b\\c\u000A""#);
    }
}
