//! What is wrong with a file that should be a pod, and where it stands.
//!
//! Not what the API server would refuse of a pod that can be read: that is
//! `podhook_lifecycle::spec::validation`.

use podhook_runner::CommandError;
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted from 1; `None`: the whole file, or no file.
    pub(crate) line: Option<usize>,
    /// The path of the field; its line is looked up where `line` is not known.
    pub(crate) field: Option<String>,
    pub(crate) message: String,
}

impl Fault {
    /// Of the text as a whole.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            line: None,
            field: None,
            message: message.into(),
        }
    }

    pub(crate) fn at_line(line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::new(message)
        }
    }

    /// `message` says the field by itself.
    pub(crate) fn at_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(message)
        }
    }

    /// `FIELD: MESSAGE`.
    pub(crate) fn of_field(field: impl Into<String>, why: impl fmt::Display) -> Self {
        let field = field.into();
        let message = format!("{field}: {why}");
        Self::at_field(field, message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Faults that are told; of more, only how many.
const MAX_TOLD: usize = 20;

/// Why something is no pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodError {
    /// At least one.
    faults: Vec<Fault>,
    hint: Option<String>,
}

impl PodError {
    /// `Ok` where there are no faults.
    pub(crate) fn unless_none(mut faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() {
            return Ok(());
        }
        let untold = faults.len().saturating_sub(MAX_TOLD);
        if untold > 0 {
            faults.truncate(MAX_TOLD);
            faults.push(Fault::new(format!("and {untold} more")));
        }
        Err(Self { faults, hint: None })
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// With the lines that faults' fields stand on, in their order.
    pub(crate) fn with_lines(mut self, line_of: impl Fn(&str) -> Option<usize>) -> Self {
        for fault in &mut self.faults {
            let field = fault.field.as_deref();
            fault.line = fault.line.or_else(|| field.and_then(&line_of));
        }
        let line = |fault: &Fault| fault.line.unwrap_or(usize::MAX);
        self.faults.sort_by_key(line);
        self
    }

    /// As an error of the command: a line a fault, exit status 78.
    pub(crate) fn of_file(&self, name: &str) -> CommandError {
        let mut faults = self.faults.iter().map(ToString::to_string);
        let error = CommandError::config(name, faults.next().unwrap_or_default());
        let error = faults.fold(error, CommandError::also);
        match &self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl From<Fault> for PodError {
    fn from(fault: Fault) -> Self {
        Self {
            faults: vec![fault],
            hint: None,
        }
    }
}

impl fmt::Display for PodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<_> = self.faults.iter().map(ToString::to_string).collect();
        f.write_str(&faults.join("; "))
    }
}

impl std::error::Error for PodError {}
