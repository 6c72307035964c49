//! What the server is told: by its options, and by a configuration file that can be read
//! again.
//!
//! ```yaml
//! token: {header: X-Podhook-Token, file: /etc/podhook/token}   # or value, or env
//! podinfo: /etc/podinfo
//! defaults: {timeout: 20s}
//! hooks:
//!   drain:
//!     timeout: 5s
//!     allow-host: [127.0.0.1:8080]
//!     config: {drain-url: http://127.0.0.1:8080/drain}
//!     args: [fast]
//! ```
//! Under a hook stand the options of `podhook run`, without their hyphens: a value, a
//! list of values, or a mapping of names to values. `defaults` come after the options of
//! the command line, those of a hook after them.

use super::gate::Width;
use crate::pod_file::Source;
use crate::pod_file::located::{self, Node};
use crate::written_options::{Read, UNKNOWN, mapping, options, scalar};
use http::{HeaderName, HeaderValue};
use podhook_ledger::Account;
use podhook_runner::CommandError;
use podhook_runner::options::{AdapterOptions, HookIs, HookOptions, LimitOptions};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What cannot change while it runs.
pub(crate) struct Settings {
    /// The folder of hooks.
    pub(crate) hooks: PathBuf,
    pub(crate) listen: SocketAddr,
    /// What a failure looks like.
    pub(crate) fail: FailAs,
    /// Of the command line, for all hooks.
    pub(crate) limits: LimitOptions,
    /// The account of a cgroup, above all of them.
    pub(crate) account: Option<Arc<Account>>,
    pub(crate) width: Width,
    pub(crate) workers: usize,
    /// Of each worker's pool.
    pub(crate) slots: usize,
    pub(crate) connections: usize,
    /// For a request's head, and between requests.
    pub(crate) header_timeout: Duration,
    /// The configuration, to be read again.
    pub(crate) config: Option<PathBuf>,
}

/// What a failure looks like to whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FailAs {
    /// A connection that breaks off: all that a kubelet takes for a failure
    Transport,
    /// An HTTP status, with the report
    Status,
}

/// What a configuration file says.
#[derive(Debug, Default)]
pub(crate) struct Configured {
    pub(super) token: Option<Token>,
    pub(super) podinfo: Option<PathBuf>,
    defaults: HookOptions,
    hooks: HashMap<String, HookOptions>,
    /// Hooks that may not signal, whatever the defaults are.
    no_signal: HashSet<String>,
}

/// What a request has to bring.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) header: HeaderName,
    pub(super) value: HeaderValue,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: …", self.header)
    }
}

/// The name of the header, unless another is given.
const TOKEN_HEADER: &str = "X-Podhook-Token";

type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

impl Configured {
    /// Reads a file. `environment`: who knows a variable.
    ///
    /// # Errors
    /// 78, with the line where there is one.
    pub(crate) fn open(file: &Path, environment: Environment<'_>) -> Result<Self, CommandError> {
        let source = Source::open(file)?;
        let wrong = |line: Option<usize>, why: String| {
            let why = match line {
                Some(line) => format!("line {line}: {why}"),
                None => why,
            };
            CommandError::config(&source.name, why)
        };
        let root =
            located::read(&source.bytes).map_err(|fault| wrong(fault.line, fault.message))?;
        let read = Self::read(&root, environment);
        read.map_err(|(field, why)| wrong(Some(root.line_of(&field)), format!("{field}: {why}")))
    }

    fn read(root: &Node, environment: Environment<'_>) -> Result<Self, (String, String)> {
        let mut configured = Self::default();
        for (key, node) in mapping(root, "the file")? {
            match key.as_str() {
                "token" => configured.token = Some(token(node, environment)?),
                "podinfo" => configured.podinfo = Some(scalar(node, key)?.into()),
                "defaults" => configured.defaults = options(node, key)?,
                "hooks" => {
                    for (name, node) in mapping(node, key)? {
                        let field = format!("hooks.{name}");
                        if !super::route::is_name(name) {
                            let why = "a hook's name has letters, digits, - _ and . alone";
                            return Err((field, why.to_owned()));
                        }
                        let options = options(node, &field)?;
                        let signal = node.get("allow-signal").map(Node::to_value);
                        if signal == Some(Value::Bool(false)) {
                            configured.no_signal.insert(name.clone());
                        }
                        configured.hooks.insert(name.clone(), options);
                    }
                }
                _ => return Err((key.clone(), UNKNOWN.to_owned())),
            }
        }
        Ok(configured)
    }

    /// Of a hook: on top of the command line's.
    pub(super) fn options(&self, name: &str, above: &LimitOptions) -> HookOptions {
        let mut options = AdapterOptions::default();
        let above = HookOptions {
            limits: above.clone(),
            ..HookOptions::default()
        };
        let of_hook = self.hooks.get(name);
        for part in [Some(&above), Some(&self.defaults), of_hook]
            .into_iter()
            .flatten()
        {
            // They were read once; said again they mean the same.
            let _ = options.read(part.words(), HookIs::Bundled);
        }
        if self.no_signal.contains(name) {
            options.hook.grants.allow_signal = false;
            options.hook.grants.container_pid = None;
        }
        options.hook
    }

    /// Hooks that are named in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.hooks.keys().map(String::as_str)
    }
}

fn token(node: &Node, environment: Environment<'_>) -> Read<Token> {
    let mut header = TOKEN_HEADER.to_owned();
    let mut value = None;
    for (key, node) in mapping(node, "token")? {
        let field = format!("token.{key}");
        let text = scalar(node, &field)?;
        let missing = |why: &dyn std::fmt::Display| (field.clone(), why.to_string());
        let found = match key.as_str() {
            "header" => {
                header = text;
                continue;
            }
            "value" => text,
            "env" => environment(&text).ok_or_else(|| missing(&"no such variable"))?,
            "file" => {
                let read = std::fs::read_to_string(&text).map_err(|why| missing(&why))?;
                read.trim_end().to_owned()
            }
            _ => return Err(missing(&UNKNOWN)),
        };
        if value.replace(found).is_some() {
            return Err(missing(&"one of value, env and file is enough"));
        }
    }
    let wrong = |why: &str| ("token".to_owned(), why.to_owned());
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| wrong("no value, env or file that has any"))?;
    let is_edged = value.trim() != value;
    Ok(Token {
        header: header
            .parse()
            .map_err(|_| wrong("its header is no name of a field"))?,
        value: HeaderValue::from_str(&value)
            .ok()
            .filter(|_| !is_edged)
            .ok_or_else(|| wrong("its value cannot be that of a field"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Configured, String> {
        let root = located::read(text.as_bytes()).map_err(|fault| fault.message)?;
        let environment = |name: &str| (name == "TOKEN").then(|| "secret".to_owned());
        Configured::read(&root, &environment).map_err(|(field, why)| format!("{field}: {why}"))
    }

    #[test]
    fn a_hook_s_options_are_those_of_run() {
        let configured = read(
            "defaults: {timeout: 20s, memory: 64Mi}\nhooks:\n  drain:\n    timeout: 5s\n    allow-host: [a.example, 'https://b.example']\n    config: {k: 1, l: true}\n    allow-signal: true\n    args: [fast, --now]\n",
        )
        .unwrap();
        let line = LimitOptions {
            memory: Some(1 << 20),
            fuel: Some(9),
            ..LimitOptions::default()
        };
        let drain = configured.options("drain", &line);
        assert_eq!(drain.limits.timeout, Some(Duration::from_secs(5)));
        assert_eq!(drain.limits.memory, Some(64 << 20));
        assert_eq!(drain.limits.fuel, Some(9));
        assert_eq!(drain.grants.hosts.len(), 2);
        assert_eq!(
            drain.grants.config,
            [
                ("k".to_owned(), "1".to_owned()),
                ("l".to_owned(), "true".to_owned())
            ]
        );
        assert!(drain.grants.allow_signal);
        assert_eq!(drain.args, ["fast", "--now"]);
        let quiet =
            read("defaults: {allow-signal: true}\nhooks: {a: {allow-signal: false}}").unwrap();
        let may = |name| quiet.options(name, &line).grants.allow_signal;
        assert_eq!((may("a"), may("b")), (false, true));
        let other = configured.options("other", &line);
        assert_eq!(other.limits.timeout, Some(Duration::from_secs(20)));
        assert!(other.args.is_empty());
    }

    #[test]
    fn a_token_comes_from_one_place() {
        let token = |text: &str| read(text).map(|configured| configured.token.unwrap());
        let found = token("token: {env: TOKEN}").unwrap();
        assert_eq!(
            (found.header.as_str(), found.value.as_bytes()),
            ("x-podhook-token", &b"secret"[..])
        );
        assert_eq!(
            token("token: {header: X-A, value: v}").unwrap().header,
            "x-a"
        );
        for (text, why) in [
            ("token: {env: NONE}", "token.env: no such variable"),
            (
                "token: {value: a, env: TOKEN}",
                "token.env: one of value, env and file",
            ),
            ("token: {value: ''}", "token: no value, env or file"),
            ("token: {file: /nowhere}", "token.file: "),
            ("token: secret", "token: not a mapping"),
            (
                "token: {header: X Bad, value: v}",
                "token: its header is no name",
            ),
            ("token: {value: ' v'}", "token: its value cannot be"),
            ("token: {value: \"a\\nb\"}", "token: its value cannot be"),
        ] {
            let said = token(text).unwrap_err();
            assert!(said.starts_with(why), "{said}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_field() {
        for (text, why) in [
            ("[]", "the file: not a mapping"),
            ("hook: {}", "hook: unknown field"),
            ("hooks: {a/b: {}}", "hooks.a/b: a hook's name"),
            ("hooks: {a: {timout: 1s}}", "hooks.a.timout: unknown field"),
            (
                "hooks: {a: {timeout: soon}}",
                "hooks.a.timeout: invalid value 'soon'",
            ),
            (
                "hooks: {a: {timeout: {b: {}}}}",
                "hooks.a.timeout: not a single value",
            ),
            (
                "hooks: {a: {allow-signal: maybe}}",
                "hooks.a.allow-signal: write true or false",
            ),
            (
                "hooks: {a: {cgroup: auto}}",
                "hooks.a.cgroup: unknown field",
            ),
            (
                "defaults: {phase: pre-stop}",
                "defaults.phase: unknown field",
            ),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.starts_with(why), "{text}: {said}");
        }
        assert!(read("{}").is_ok() && read("hooks:\ntoken: {value: v}").is_ok());
    }
}
