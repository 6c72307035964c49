//! `podhook pod check`: a pod's hooks, judged without running them.

use super::REJECTED;
use crate::options::Format;
use crate::pod_file::PodFile;
use crate::pod_lints::{Lint, lint};
use crate::terminal::{line_to_stdout, to_stderr, to_stdout};
use clap::Args;
use podhook_lifecycle::spec::defaults;
use podhook_lifecycle::spec::validation::{FieldError, validate};
use podhook_runner::CommandError;
use podhook_runner::one_line::one_line;
use serde::Serialize;
use std::path::PathBuf;

/// Validates a pod's lifecycle part as the API server does, then warns.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook pod check pod.yaml\n  kubectl get pod web -o yaml | podhook pod check - -o json\n\nExit status: 0, also with warnings; 65 where the pod would be refused; 78 where FILE\nis no pod."
)]
pub(crate) struct Options {
    /// A pod in YAML or JSON; -: stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let mut spec = PodFile::open(&options.file)?.spec;
    defaults::apply(&mut spec);
    let errors = validate(&spec);
    let warnings = lint(&spec);
    match options.output {
        Format::Text => text(&errors, &warnings)?,
        Format::Json => line_to_stdout(&json(&errors, &warnings)?)?,
    }
    Ok(if errors.is_empty() { 0 } else { REJECTED })
}

/// Errors are the result; warnings are not.
fn text(errors: &[FieldError], warnings: &[Lint]) -> Result<(), CommandError> {
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    to_stdout(lines(&errors).as_bytes())?;
    let warnings = warnings.iter();
    let warnings: Vec<_> = warnings
        .map(|lint| format!("warning: {}: {}", lint.field, lint.message))
        .collect();
    to_stderr(lines(&warnings).as_bytes());
    Ok(())
}

/// Names and values are the file's text, and stay on their lines.
fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| one_line(text) + "\n").collect()
}

/// What `-o json` prints.
#[derive(Serialize)]
struct Findings<'f> {
    errors: Vec<Finding<'f>>,
    warnings: Vec<Finding<'f>>,
}

#[derive(Serialize)]
struct Finding<'f> {
    field: &'f str,
    /// As in the API's `Status`; warnings have none.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    message: &'f str,
}

impl<'f> From<&'f FieldError> for Finding<'f> {
    fn from(error: &'f FieldError) -> Self {
        Self {
            field: &error.field,
            kind: Some(error.kind.reason()),
            message: &error.message,
        }
    }
}

impl<'f> From<&'f Lint> for Finding<'f> {
    fn from(lint: &'f Lint) -> Self {
        Self {
            field: &lint.field,
            kind: None,
            message: &lint.message,
        }
    }
}

fn json(errors: &[FieldError], warnings: &[Lint]) -> Result<String, CommandError> {
    let findings = Findings {
        errors: errors.iter().map(Finding::from).collect(),
        warnings: warnings.iter().map(Finding::from).collect(),
    };
    serde_json::to_string_pretty(&findings).map_err(|error| CommandError::host_fault("JSON", error))
}
