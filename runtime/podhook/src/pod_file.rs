//! A pod from a file: YAML or JSON of anybody's, read strictly.
//!
//! What cannot be read, or is no pod, is an error with its line (exit status 78). What
//! the API server or a person would object to in a pod is not known here.

mod convert;
mod decode;
mod fault;
mod json;
pub(crate) mod located;
mod probe;
mod resources;
mod scalar;
mod source;
#[cfg(test)]
mod tests;
mod yaml;

pub(crate) use convert::Silent;
pub(crate) use fault::PodError;
pub(crate) use source::Source;

use located::Node;
use podhook_lifecycle::spec::PodSpec;
use podhook_runner::CommandError;
use serde_json::Value;

use std::path::Path;

/// A pod, and where its fields stand.
#[derive(Debug)]
pub(crate) struct PodFile {
    /// As written: without defaults.
    pub(crate) spec: PodSpec,
    /// Fields that have no effect on this machine.
    pub(crate) silent: Silent,
    root: Node,
}

impl PodFile {
    /// Reads FILE; `-` is stdin.
    pub(crate) fn open(file: &Path) -> Result<Self, CommandError> {
        let source = Source::open(file)?;
        let root = located::read(&source.bytes).map_err(PodError::from);
        root.and_then(Self::from_node)
            .map_err(|error| error.of_file(&source.name))
    }

    /// The pod that a part of a document is.
    pub(crate) fn from_node(root: Node) -> Result<Self, PodError> {
        let read = read(root.to_value());
        let (spec, silent) =
            read.map_err(|error| error.with_lines(|field| Some(root.line_of(field))))?;
        Ok(Self { spec, silent, root })
    }

    /// A pod that asks for what is not played had better not be played at all.
    pub(crate) fn playable(self, name: &str) -> Result<Self, CommandError> {
        match self.silent.unplayable.first() {
            None => Ok(self),
            Some(field) => {
                let line = self.line_of(field);
                let why = format!("line {line}: {field}: RestartAllContainers is not played");
                Err(CommandError::config(name, why))
            }
        }
    }

    /// The line of a field, or of its nearest ancestor that is written.
    pub(crate) fn line_of(&self, field: &str) -> usize {
        self.root.line_of(field)
    }
}

fn read(value: Value) -> Result<(PodSpec, Silent), PodError> {
    decode::decode(value).and_then(convert::pod_spec)
}
