//! Options of a hook where a file says them: those of `podhook run`, without their hyphens.
//!
//! A value, a list of values, or a mapping of names to values. Errors come with the field
//! they are in.

use crate::pod_file::located::{Kind, Node};
use podhook_runner::options::{AdapterOptions, HookIs, HookOptions, Misspelt};
use serde_json::Value;
use std::ffi::OsString;

pub(crate) const UNKNOWN: &str = "unknown field";

/// Something read, or the field that is wrong and why.
pub(crate) type Read<T> = Result<T, (String, String)>;

pub(crate) fn mapping<'n>(node: &'n Node, field: &str) -> Read<&'n [(String, Node)]> {
    match &node.kind {
        Kind::Map(entries) => Ok(entries),
        Kind::Scalar(Value::Null) => Ok(&[]),
        Kind::Scalar(_) | Kind::List(_) => Err((field.to_owned(), "not a mapping".to_owned())),
    }
}

pub(crate) fn scalar(node: &Node, field: &str) -> Read<String> {
    match &node.kind {
        Kind::Scalar(Value::String(text)) => Ok(text.clone()),
        Kind::Scalar(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
            Err((field.to_owned(), "not a single value".to_owned()))
        }
    }
}

/// A hook's options, as words of the command line; `field`: empty where the node is the file.
pub(crate) fn options(node: &Node, field: &str) -> Read<HookOptions> {
    let mut words = Vec::new();
    let mut args = Vec::new();
    for (key, node) in mapping(node, field)? {
        let at = match field {
            "" => key.clone(),
            _ => format!("{field}.{key}"),
        };
        let values = values(node, &at)?;
        match key.as_str() {
            "args" => args.extend(values),
            "phase" | "output" | "log-to" | "podinfo" | "help" | "version" | "cgroup"
            | "cgroup-root" | "http-get" | "header" => return Err((at, UNKNOWN.to_owned())),
            "allow-signal" => match values.as_slice() {
                [yes] if yes == "true" => words.push("--allow-signal".to_owned()),
                [no] if no == "false" => {}
                _ => return Err((at, "write true or false".to_owned())),
            },
            _ => words.extend(values.into_iter().map(|value| format!("--{key}={value}"))),
        }
        // One by one, so that an error has its field.
        read(&words).map_err(|why| (at, why))?;
    }
    words.push("--".to_owned());
    words.extend(args);
    read(&words).map_err(|why| (field.to_owned(), why))
}

fn read(words: &[String]) -> Result<HookOptions, String> {
    let mut options = AdapterOptions::default();
    let words = words.iter().map(OsString::from);
    match options.read(words, HookIs::Bundled) {
        Ok(()) => Ok(options.hook),
        Err(Misspelt::Unknown(_)) => Err(UNKNOWN.to_owned()),
        Err(why) => Err(why.to_string()),
    }
}

/// A value, several, or several with names.
fn values(node: &Node, field: &str) -> Read<Vec<String>> {
    match &node.kind {
        Kind::Scalar(_) => Ok(vec![scalar(node, field)?]),
        Kind::List(items) => items.iter().map(|item| scalar(item, field)).collect(),
        Kind::Map(entries) => {
            let pair =
                |(name, node): &(String, Node)| Ok(format!("{name}={}", scalar(node, field)?));
            entries.iter().map(pair).collect()
        }
    }
}
