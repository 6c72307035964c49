//! YAML as a tree that knows its lines.
//!
//! What a plain scalar means is not known here, see `scalar`. Aliases are written
//! out, merge keys (`<<`) merged, and documents that say nothing passed over.

use super::fault::Fault;
use super::located::{Budget, Kind, Node, check_depth, duplicate};
use super::scalar::scalar;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

pub(super) fn read(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let message = format!("not YAML: {}", error.info());
            Fault::at_line(error.marker().line(), message)
        })?;
        builder.event(event, span.start.line())?;
    }
    let nothing = || Fault::new("empty: nothing in it");
    builder.document.ok_or_else(nothing)
}

/// A collection that is not complete.
struct Frame {
    line: usize,
    /// 0: none.
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map(Mapping),
}

#[derive(Default)]
struct Mapping {
    entries: Vec<(String, Node)>,
    seen: HashSet<String>,
    /// What `<<` named; their entries count where a key is not there.
    merged: Vec<Node>,
    /// The key whose value comes next, and its line.
    key: Option<(Key, usize)>,
}

enum Key {
    Name(String),
    Merge,
}

struct Builder {
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    budget: Budget,
    document: Option<Node>,
}

impl Builder {
    fn new() -> Self {
        Self {
            frames: Vec::new(),
            anchors: HashMap::new(),
            budget: Budget::new(),
            document: None,
        }
    }

    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), line)
            }
            Event::SequenceStart(anchor, tag) => {
                let content = Content::List(Vec::new());
                self.start(content, anchor, ("seq", tag), line)
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Map(Mapping::default());
                self.start(content, anchor, ("map", tag), line)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, line),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        line: usize,
    ) -> Result<(), Fault> {
        self.budget.one(line)?;
        if text == "<<" && style == ScalarStyle::Plain && self.takes_merge_key(line) {
            return Ok(());
        }
        let value = scalar(text, style, tag).map_err(|why| Fault::at_line(line, why))?;
        let kind = Kind::Scalar(value);
        self.complete(Node { line, kind }, anchor)
    }

    /// Whether a mapping waits for a key; it is told that it merges.
    fn takes_merge_key(&mut self, line: usize) -> bool {
        let frame = self.frames.last_mut().map(|frame| &mut frame.content);
        let Some(Content::Map(mapping)) = frame else {
            return false;
        };
        let waits = mapping.key.is_none();
        mapping.key.get_or_insert((Key::Merge, line));
        waits
    }

    fn start(
        &mut self,
        content: Content,
        anchor: usize,
        (own, tag): (&str, Option<Cow<'_, Tag>>),
        line: usize,
    ) -> Result<(), Fault> {
        self.budget.one(line)?;
        check_depth(self.frames.len() + 1, line)?;
        if let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == own)) {
            return Err(Fault::at_line(line, format!("tag {tag} is not known")));
        }
        self.frames.push(Frame {
            line,
            anchor,
            content,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(Frame {
            line,
            anchor,
            content,
        }) = self.frames.pop()
        else {
            return Ok(());
        };
        let kind = match content {
            Content::List(items) => Kind::List(items),
            Content::Map(mapping) => Kind::Map(mapping.finish()?),
        };
        self.complete(Node { line, kind }, anchor)
    }

    /// A copy of what the anchor names, paid for like any other node.
    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), Fault> {
        let unknown = || Fault::at_line(line, "an alias names something it is part of");
        let node = self.anchors.get(&anchor).ok_or_else(unknown)?;
        self.budget.copy(node, line)?;
        check_depth(self.frames.len() + node.depth(), line)?;
        let node = node.clone();
        self.complete(node, 0)
    }

    /// A node goes where it belongs; one with an anchor is kept as well.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            self.budget.copy(&node, node.line)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.frames.last_mut().map(|frame| &mut frame.content) {
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(mapping)) => mapping.take(node)?,
            None => self.finish_document(node)?,
        }
        Ok(())
    }

    fn finish_document(&mut self, node: Node) -> Result<(), Fault> {
        if node.is_null() {
            return Ok(());
        }
        if self.document.is_some() {
            let message = "a second document begins; one is read";
            return Err(Fault::at_line(node.line, message));
        }
        self.document = Some(node);
        Ok(())
    }
}

impl Mapping {
    /// A key, or the value of the last one.
    fn take(&mut self, node: Node) -> Result<(), Fault> {
        let line = node.line;
        match self.key.take() {
            None => {
                let name =
                    key_text(node).ok_or_else(|| Fault::at_line(line, "a key that is no text"))?;
                if !self.seen.insert(name.clone()) {
                    return Err(duplicate(&name, line));
                }
                self.key = Some((Key::Name(name), line));
            }
            Some((Key::Name(name), line)) => self.entries.push((name, Node { line, ..node })),
            Some((Key::Merge, _)) => match node.kind {
                Kind::List(items) => self.merged.extend(items),
                Kind::Map(_) | Kind::Scalar(_) => self.merged.push(node),
            },
        }
        Ok(())
    }

    /// What is written here wins over what is merged, and of that the earlier.
    fn finish(mut self) -> Result<Vec<(String, Node)>, Fault> {
        for node in self.merged {
            let Kind::Map(entries) = node.kind else {
                let message = "<< takes a mapping, or a list of them";
                return Err(Fault::at_line(node.line, message));
            };
            for (name, node) in entries {
                if self.seen.insert(name.clone()) {
                    self.entries.push((name, node));
                }
            }
        }
        Ok(self.entries)
    }
}

/// Numbers and booleans are keys by their JSON text, as Kubernetes has it.
fn key_text(node: Node) -> Option<String> {
    match node.kind {
        Kind::Scalar(Value::String(text)) => Some(text),
        Kind::Scalar(value @ (Value::Bool(_) | Value::Number(_))) => Some(value.to_string()),
        Kind::Scalar(Value::Null | Value::Array(_) | Value::Object(_))
        | Kind::List(_)
        | Kind::Map(_) => None,
    }
}
