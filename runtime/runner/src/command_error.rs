//! What goes wrong before or beside a hook: one line, and an exit status.

use crate::one_line::one_line;
use std::fmt;

/// An error for a person: `WHAT: WHY`, with a hint where one is known.
#[derive(Debug)]
pub struct CommandError {
    status: u8,
    what: String,
    why: String,
    /// What else is wrong with the same thing; a line each.
    further: Vec<String>,
    hint: Option<String>,
}

impl CommandError {
    /// Options that contradict each other or the hook: 2, as clap's own.
    pub fn usage(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(2, what, why)
    }

    /// Something that was asked for cannot be made (`EX_DATAERR`).
    pub fn data(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(65, what, why)
    }

    /// Something that was named is not there, or cannot be read (`EX_NOINPUT`).
    pub fn no_input(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(66, what, why)
    }

    /// Something that is needed is not to be had, such as an address (`EX_UNAVAILABLE`).
    pub fn unavailable(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(69, what, why)
    }

    /// Our own failure (`EX_SOFTWARE`).
    pub fn host_fault(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(70, what, why)
    }

    /// Something cannot be written (`EX_CANTCREAT`).
    pub fn cannot_create(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(73, what, why)
    }

    /// Something that may not be done unless it is asked for (`EX_NOPERM`).
    pub fn denied(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(77, what, why)
    }

    /// A signal ended it: 128 and its number.
    pub fn interrupted(what: impl Into<String>, signal: i32) -> Self {
        let status = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        Self::new(
            status,
            what,
            format_args!("told to stop by signal {signal}"),
        )
    }

    /// A pod or a configuration that cannot be read, or is none (`EX_CONFIG`).
    pub fn config(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(78, what, why)
    }

    fn new(status: u8, what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self {
            status,
            what: what.into(),
            why: why.to_string(),
            further: Vec::new(),
            hint: None,
        }
    }

    /// Something else that is wrong with it.
    #[must_use]
    pub fn also(mut self, why: impl fmt::Display) -> Self {
        self.further.push(why.to_string());
        self
    }

    /// The same, about a part of something else.
    #[must_use]
    pub fn at(mut self, what: &str) -> Self {
        self.why = format!("{}: {}", self.what, self.why);
        what.clone_into(&mut self.what);
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The status podhook exits with.
    #[must_use]
    pub fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, why) in std::iter::once(&self.why).chain(&self.further).enumerate() {
            let start = if index == 0 { "" } else { "\n" };
            let line = format!("error: {}: {why}", self.what);
            write!(f, "{start}{}", one_line(&line))?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CommandError {}
