//! What is said of one hook: which, with what, within what.
//!
//! `podhook run`, `podhook-exec`, a pod's `exec.command` and a bundle say it in the same
//! words. What the words mean is here and in [`grammar`]; how they
//! are split is `lexer`'s, or clap's.

use crate::command_error::CommandError;
use crate::grammar;
use crate::runner::Runner;
use crate::state_dir::StateDir;
use podhook_lifecycle::{
    Budget, Grants, Hook, HttpRequest, Invocation, MemoryState, ModuleKind, State,
};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod cgroup;
mod grants;
mod lexer;
mod limits;
mod words;

pub use cgroup::CgroupOptions;
pub use grants::GrantOptions;
pub use lexer::Misspelt;
pub use limits::{CPU_PERIOD_USEC, LimitOptions};

use lexer::{Lexer, Word, text};

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For a person.
    #[default]
    Text,
    /// For a program: one JSON object on stdout, nothing else.
    Json,
}

/// A hook and its options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookOptions {
    /// HOOK.
    pub hook: PathBuf,
    /// Words after `--`.
    pub args: Vec<String>,
    /// `--phase`.
    pub phase: Option<Hook>,
    /// `--http-get`.
    pub http_get: Option<String>,
    /// `--header`, repeatable.
    pub headers: Vec<(String, String)>,
    /// `--state-dir`.
    pub state_dir: Option<PathBuf>,
    /// What it may spend.
    pub limits: LimitOptions,
    /// Whose limits it has besides.
    pub cgroup: CgroupOptions,
    /// What it may touch.
    pub grants: GrantOptions,
}

/// Where HOOK is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookIs {
    /// It is a word.
    Named,
    /// It comes with the program.
    Bundled,
}

/// A command line of `podhook-exec`, without the program's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdapterOptions {
    /// The hook and its options; no HOOK where one is bundled.
    pub hook: HookOptions,
    /// `-o`.
    pub output: Format,
    /// `--log-to`.
    pub log_to: Option<PathBuf>,
    /// `--podinfo`.
    pub podinfo: Option<PathBuf>,
    /// `--help`.
    pub help: bool,
    /// `--version`.
    pub version: bool,
}

impl AdapterOptions {
    /// Reads more of them: what is said later wins, and what can be said more than once
    /// is added. The first word that is no option is HOOK, where one is to
    /// be named.
    ///
    /// # Errors
    /// [`Misspelt`], by the first word that is wrong.
    pub fn read(
        &mut self,
        words: impl IntoIterator<Item = OsString>,
        hook: HookIs,
    ) -> Result<(), Misspelt> {
        let mut lexer = Lexer::new(words);
        while let Some(word) = lexer.next()? {
            match word {
                Word::Option(name) => self.take(&name, &mut lexer)?,
                Word::Rest(words) => {
                    for word in words {
                        self.hook.args.push(text(word)?);
                    }
                    break;
                }
                Word::Value(word) if hook == HookIs::Bundled => self.hook.args.push(text(word)?),
                Word::Value(word) if self.hook.hook.as_os_str().is_empty() => {
                    self.hook.hook = PathBuf::from(word);
                }
                Word::Value(word) => return Err(Misspelt::Unknown(text(word)?)),
            }
        }
        Ok(())
    }

    fn take(&mut self, name: &str, lexer: &mut Lexer) -> Result<(), Misspelt> {
        match name {
            "o" | "output" => self.output = lexer.value(Format::parse)?,
            "log-to" => self.log_to = Some(lexer.path()?),
            "podinfo" => self.podinfo = Some(lexer.path()?),
            "h" | "help" => self.help = true,
            "V" | "version" => self.version = true,
            _ if self.hook.take(name, lexer)? => {}
            _ => return Err(lexer.unknown()),
        }
        Ok(())
    }
}

impl Format {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("write text or json"),
        }
    }
}

impl HookOptions {
    fn take(&mut self, name: &str, lexer: &mut Lexer) -> Result<bool, Misspelt> {
        match name {
            "phase" => self.phase = Some(lexer.value(str::parse)?),
            "http-get" => self.http_get = Some(lexer.value(grammar::request_path)?),
            "header" => self.headers.push(lexer.value(grammar::header)?),
            "state-dir" => self.state_dir = Some(lexer.path()?),
            _ => {
                return Ok(self.limits.take(name, lexer)?
                    || self.cgroup.take(name, lexer)?
                    || self.grants.take(name, lexer)?);
            }
        }
        Ok(true)
    }

    /// The call; `default`: what the place of the call gives a hook.
    #[must_use]
    pub fn invocation(&self, default: &Budget) -> Invocation {
        let mut call = Invocation::new(Runner::new_id());
        call.hook = self.phase;
        call.args.clone_from(&self.args);
        call.budget = self.limits.budget(default);
        if let Some(path) = &self.http_get {
            call.request.path.clone_from(path);
        }
        call.request.headers.clone_from(&self.headers);
        call
    }

    /// What the call is granted.
    ///
    /// # Errors
    /// As [`GrantOptions::grants`].
    pub fn granted(self) -> Result<Grants, CommandError> {
        self.grants.grants()
    }

    /// Options that a module of this kind, with hooks for these phases, has no use for,
    /// or too few of them.
    ///
    /// # Errors
    /// 2; `name` is the module's.
    pub fn check_fits(
        &self,
        call: &Invocation,
        kind: ModuleKind,
        phases: &[Hook],
        name: &str,
    ) -> Result<(), CommandError> {
        let has_fields = call.request.headers != HttpRequest::default().headers;
        if (self.http_get.is_some() || has_fields) && kind != ModuleKind::Http {
            let kind = kind.as_str();
            return Err(CommandError::usage(
                "--http-get, --header",
                format!("{name} is of kind {kind}, which is given no request"),
            ));
        }
        if call.hook.is_none() && phases.len() > 1 {
            return Err(CommandError::usage(
                name,
                "the module has hooks for both phases; name one with --phase post-start or --phase pre-stop",
            ));
        }
        Ok(())
    }
}

/// The store of `--state-dir`, or one in memory.
///
/// # Errors
/// 73, where the folder cannot be made.
pub fn state(folder: Option<&Path>) -> Result<Arc<dyn State>, CommandError> {
    match folder {
        None => Ok(Arc::new(MemoryState::default())),
        Some(folder) => match StateDir::open(folder) {
            Ok(state) => Ok(Arc::new(state)),
            Err(error) => {
                let what = folder.display().to_string();
                Err(CommandError::cannot_create(what, error))
            }
        },
    }
}

#[cfg(test)]
mod tests;
