//! JSON as a tree that knows its lines; strings and numbers are serde_json's to read.
//!
//! Because YAML's reader does not know all of JSON: pairs of `\u` escapes, and keys of
//! any length.

use super::fault::Fault;
use super::located::{Budget, Kind, Node, check_depth, duplicate};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashSet;

pub(super) fn read(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader {
        rest: text,
        line: 1,
        depth: 0,
        budget: Budget::new(),
    };
    let node = reader.node()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.fault("something follows the end")),
    }
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    depth: usize,
    budget: Budget,
}

impl<'t> Reader<'t> {
    fn fault(&self, why: &str) -> Fault {
        Fault::at_line(self.line, format!("not JSON: {why}"))
    }

    /// The next character that is not space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let space = self.take(self.rest.len() - rest.len());
        self.line += space.bytes().filter(|&byte| byte == b'\n').count();
        self.rest.chars().next()
    }

    /// The next bytes; none where they would cut a character.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or(("", self.rest));
        self.rest = rest;
        taken
    }

    /// Whether this came next; it is taken.
    fn takes(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.take(expected.len_utf8());
        }
        found
    }

    fn node(&mut self) -> Result<Node, Fault> {
        let first = self.peek();
        let line = self.line;
        self.budget.one(line)?;
        let kind = match first {
            Some('{') => Kind::Map(self.nested(Self::entries)?),
            Some('[') => Kind::List(self.nested(Self::items)?),
            Some('"') => Kind::Scalar(Value::String(self.string()?)),
            Some(_) => Kind::Scalar(self.word()?),
            None => return Err(self.fault("it ends too early")),
        };
        Ok(Node { line, kind })
    }

    /// What is in brackets, one level down; the opening one is taken here.
    fn nested<T>(
        &mut self,
        inner: impl Fn(&mut Self) -> Result<Vec<T>, Fault>,
    ) -> Result<Vec<T>, Fault> {
        self.depth += 1;
        check_depth(self.depth, self.line)?;
        self.take(1);
        let found = inner(self)?;
        self.depth -= 1;
        Ok(found)
    }

    fn items(&mut self) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        if self.takes(']') {
            return Ok(items);
        }
        loop {
            items.push(self.node()?);
            if self.ends_with(']')? {
                return Ok(items);
            }
        }
    }

    fn entries(&mut self) -> Result<Vec<(String, Node)>, Fault> {
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        if self.takes('}') {
            return Ok(entries);
        }
        loop {
            let entry = self.entry()?;
            if !seen.insert(entry.0.clone()) {
                return Err(duplicate(&entry.0, entry.1.line));
            }
            entries.push(entry);
            if self.ends_with('}')? {
                return Ok(entries);
            }
        }
    }

    fn entry(&mut self) -> Result<(String, Node), Fault> {
        if self.peek() != Some('"') {
            return Err(self.fault("a key in double quotes is missing"));
        }
        let line = self.line;
        let key = self.string()?;
        if !self.takes(':') {
            return Err(self.fault("a colon is missing"));
        }
        let node = self.node()?;
        Ok((key, Node { line, ..node }))
    }

    /// After an element: whether this was the last.
    fn ends_with(&mut self, close: char) -> Result<bool, Fault> {
        if self.takes(close) {
            return Ok(true);
        }
        match self.takes(',') {
            true => Ok(false),
            false => Err(self.fault("a comma or a closing bracket is missing")),
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let mut escaped = true;
        let end = self.rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or_else(|| self.fault("a string does not end"))?;
        self.scalar(end + 1)
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let end = self
            .rest
            .find([',', ':', ']', '}', '"', '[', '{', ' ', '\t', '\r', '\n']);
        self.scalar(end.unwrap_or(self.rest.len()))
    }

    fn scalar<T: DeserializeOwned>(&mut self, bytes: usize) -> Result<T, Fault> {
        let text = self.take(bytes);
        serde_json::from_str(text).map_err(|_| {
            let start: String = text.chars().take(40).collect();
            self.fault(&format!("{start:?} is no value"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn collections_end_where_they_end() {
        let value = json!([[1], {"a": [], "b": {"c": [2, 3]}}, {}, -0.5, "x", null]);
        for text in [value.to_string(), format!("{value:#}\n")] {
            assert_eq!(read(&text).unwrap().to_value(), value);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "[",
            "[1",
            "[1 2]",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "\"a",
            "\"\n\"",
            "\"\\ud83d\"",
            "tru",
            "01",
            "1e999",
            "[1]]",
            "[1]}",
            "{]",
            "é",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
