//! YAML or JSON of untrusted origin as a tree that knows its lines.
//!
//! What the tree means is not known here: a pod, or a case that holds one. Nothing
//! in a file may cost more than its limits: size, depth, and nodes and text after
//! aliases are written out.

use super::fault::Fault;
use super::{json, yaml};
use serde_json::{Map, Value};

/// Bytes of a file. The API server takes 3 MiB; etcd, 1.5.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Lists and mappings within each other.
pub(super) const MAX_DEPTH: usize = 64;

/// Scalars, lists and mappings, each time an alias names them.
const MAX_NODES: usize = 200_000;

/// Bytes of text in all of these.
const MAX_TEXT: usize = 4 * MAX_BYTES;

/// A value, and the line it stands on; in a mapping, the line of its key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Null, a boolean, a number or text.
    Scalar(Value),
    List(Vec<Node>),
    /// In the order of the file; no key twice.
    Map(Vec<(String, Node)>),
}

/// Reads one document: JSON as such where it is, everything else as YAML.
pub(crate) fn read(bytes: &[u8]) -> Result<Node, Fault> {
    let text = text(bytes)?;
    let inner = text.trim_start().strip_prefix('{').unwrap_or_default();
    match inner.trim_start().starts_with('"') {
        // A flow mapping of YAML may begin like this, too.
        true => json::read(text).or_else(|fault| yaml::read(text).map_err(|_| fault)),
        false => yaml::read(text),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > MAX_BYTES {
        let most = MAX_BYTES >> 20;
        return Err(Fault::new(format!("larger than {most} MiB")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = line_at(bytes, error.valid_up_to());
        Fault::at_line(line, "not UTF-8 text")
    })?;
    let text = text.trim_start_matches('\u{feff}');
    // YAML forbids them; a NUL would pass for the end of the file.
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    match text.find(control) {
        Some(at) => {
            let line = line_at(text.as_bytes(), at);
            Err(Fault::at_line(line, "control characters: not a text file"))
        }
        None => Ok(text),
    }
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    1 + bytes.iter().take(at).filter(|&&byte| byte == b'\n').count()
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Kind::Map(entries) = &self.kind else {
            return None;
        };
        entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// Whether it says nothing.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Scalar(Value::Null))
    }

    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Node::to_value).collect(),
            Kind::Map(entries) => {
                let pairs = entries
                    .iter()
                    .map(|(key, node)| (key.clone(), node.to_value()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The line of `spec.containers[0].name`, or of its nearest ancestor that is
    /// written.
    pub(crate) fn line_of(&self, field: &str) -> usize {
        let mut node = self;
        for step in field.split(['.', '[']) {
            match node.step(step.trim_end_matches(']')) {
                Some(next) => node = next,
                None => break,
            }
        }
        node.line
    }

    fn step(&self, step: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Scalar(_) => None,
            Kind::List(items) => items.get(step.parse::<usize>().ok()?),
            Kind::Map(_) => self.get(step),
        }
    }

    /// Lists and mappings within each other, from here down.
    pub(super) fn depth(&self) -> usize {
        let deepest = match &self.kind {
            Kind::Scalar(_) => return 0,
            Kind::List(items) => items.iter().map(Node::depth).max(),
            Kind::Map(entries) => entries.iter().map(|(_, node)| node.depth()).max(),
        };
        1 + deepest.unwrap_or(0)
    }

    /// Nodes and bytes of text, its own included.
    fn weight(&self) -> (usize, usize) {
        let add = |(nodes, text): (usize, usize), (more_nodes, more_text)| {
            (nodes + more_nodes, text + more_text)
        };
        match &self.kind {
            Kind::Scalar(Value::String(text)) => (1, text.len()),
            Kind::Scalar(_) => (1, 0),
            Kind::List(items) => items.iter().map(Node::weight).fold((1, 0), add),
            Kind::Map(entries) => entries
                .iter()
                .map(|(key, node)| add(node.weight(), (0, key.len())))
                .fold((1, 0), add),
        }
    }
}

/// What a tree may still grow by.
pub(super) struct Budget {
    nodes: usize,
    text: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            nodes: MAX_NODES,
            text: MAX_TEXT,
        }
    }

    /// For one more node, whose contents are paid for.
    pub(super) fn one(&mut self, line: usize) -> Result<(), Fault> {
        self.spend(1, 0, line)
    }

    /// For a copy of a node with all it holds.
    pub(super) fn copy(&mut self, node: &Node, line: usize) -> Result<(), Fault> {
        let (nodes, text) = node.weight();
        self.spend(nodes, text, line)
    }

    fn spend(&mut self, nodes: usize, text: usize, line: usize) -> Result<(), Fault> {
        let left = self
            .nodes
            .checked_sub(nodes)
            .zip(self.text.checked_sub(text));
        let Some((nodes, text)) = left else {
            let message = format!("more than {MAX_NODES} values, with aliases written out");
            return Err(Fault::at_line(line, message));
        };
        (self.nodes, self.text) = (nodes, text);
        Ok(())
    }
}

/// Refuses what stands too deep.
pub(super) fn check_depth(depth: usize, line: usize) -> Result<(), Fault> {
    match depth > MAX_DEPTH {
        true => Err(Fault::at_line(
            line,
            format!("nested deeper than {MAX_DEPTH} levels"),
        )),
        false => Ok(()),
    }
}

/// What is said of a key that is there already.
pub(super) fn duplicate(key: &str, line: usize) -> Fault {
    Fault::at_line(line, format!("key {key:?} is there twice"))
}

#[cfg(test)]
mod tests;
