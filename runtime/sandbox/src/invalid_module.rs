//! Every way to be no hook module, in words for whoever made it.

use crate::module::MAX_MODULE_BYTES;

/// Why a file is no hook module.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InvalidModule {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// The text format.
    #[error("this is WebAssembly text; make a binary of it first, e.g. with `wasm-tools parse`")]
    Text,
    /// Compiled code.
    #[error("this is precompiled code, which only podhook-exec loads; give the .wasm it came from")]
    Precompiled,
    /// Something else.
    #[error("not a WebAssembly module: it begins with {0:?}")]
    NotWasm(String),
    /// Over [`MAX_MODULE_BYTES`].
    #[error("the module has {0} bytes; the most is {MAX_MODULE_BYTES}")]
    TooLarge(usize),
    /// More than any toolchain makes.
    #[error("the module has too many {0}; the most is {1}")]
    TooMany(&'static str, usize),
    /// Not well-formed.
    #[error("malformed module: {0}")]
    Malformed(String),
    /// A core module without `_start`.
    #[error(
        "a core module without `_start`{}; lifecycle and http hooks are components (build for wasm32-wasip2)",
        exports(.0)
    )]
    CoreWithoutStart(Vec<String>),
    /// A component without any entry.
    #[error(
        "no entry: a hook exports wasi:cli/run@0.2, podhook:lifecycle/post-start, podhook:lifecycle/pre-stop or wasi:http/incoming-handler@0.2{}",
        exports(.0)
    )]
    NoEntry(Vec<String>),
    /// An entry of the wrong shape.
    #[error("the entry `{entry}` has the wrong type: {why}")]
    WrongEntry {
        /// The export.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// Validation or the compiler said no.
    #[error("cannot be compiled: {0}")]
    NotCompilable(String),
    /// There is none: no fault of the module's.
    #[error("cannot start the compiler: {0}")]
    NoCompiler(String),
    /// The compiler was given no more time.
    #[error("compiling took more than {0:?} of CPU time, which is its limit")]
    CompileTime(std::time::Duration),
    /// Nor memory.
    #[error("compiling took more than {0} bytes of memory, which is its limit")]
    CompileMemory(u64),
    /// It was compiled for another engine: another version, or more of a processor than
    /// there is.
    #[error("compiled for another podhook or another processor: {0}")]
    OtherTarget(String),
    /// It asks for something the host has not.
    #[error("cannot be linked: {0}")]
    NotLinkable(String),
}

fn exports(names: &[String]) -> String {
    match names {
        [] => "; it exports nothing".to_owned(),
        _ => format!("; it exports {}", listed(names)),
    }
}

/// The first few names, cut to a length that a line can hold.
fn listed(names: &[String]) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        if index == 8 {
            return format!("{text} and {} more", names.len() - index);
        }
        let separator = if index == 0 { "" } else { ", " };
        text.push_str(separator);
        text.extend(name.chars().take(80));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..10).map(|n| format!("f{n}")).collect();
        assert_eq!(listed(&names), "f0, f1, f2, f3, f4, f5, f6, f7 and 2 more");
    }
}
