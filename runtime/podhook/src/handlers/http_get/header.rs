//! The header fields of a request, under Go's canonical names.
//!
//! Which fields a hook sends is `request`; which of them go along a redirect is
//! `redirect`. Here is only what a field is, and how it is written.

use podhook_lifecycle::quote::quote;
use std::collections::BTreeMap;

/// Sorted by name, as Go writes them; values in the order they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Headers(BTreeMap<String, Vec<Vec<u8>>>);

/// R47: written apart from the rest, or never.
const NOT_AMONG_THE_REST: [&str; 5] = [
    "Host",
    "User-Agent",
    "Content-Length",
    "Transfer-Encoding",
    "Trailer",
];

impl Headers {
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let values = self.0.entry(canonical(name)).or_default();
        values.push(value.into());
    }

    /// `name` in its canonical spelling, here and below.
    pub(super) fn set(&mut self, name: &str, value: Vec<u8>) {
        self.0.insert(name.to_owned(), vec![value]);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The first value; empty, where there is none.
    pub(super) fn first(&self, name: &str) -> &[u8] {
        let values = self.0.get(name).and_then(|values| values.first());
        values.map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn all(&self, name: &str) -> &[Vec<u8>] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// R47: what cannot be written fails the hook before anything is sent. The value
    /// is not shown: it may be a secret.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, values) in &self.0 {
            let (quoted, is_refused) = (quote(name.as_bytes()), "net/http: invalid header field");
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(format!("{is_refused} name {quoted}"));
            }
            if values.iter().flatten().any(is_control) {
                return Err(format!("{is_refused} value for {quoted}"));
            }
        }
        Ok(())
    }

    /// R47: all that is not written apart.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (name, values) in &self.0 {
            if NOT_AMONG_THE_REST.contains(&name.as_str()) {
                continue;
            }
            for value in values {
                write_field(out, name, value);
            }
        }
    }
}

pub(super) fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend(name.bytes());
    out.extend(b": ");
    out.extend(value.trim_ascii());
    out.extend(b"\r\n");
}

/// `foo-bAR` as `Foo-Bar`; a name that is none stays as it is.
pub(super) fn canonical(name: &str) -> String {
    if !name.bytes().all(is_token) {
        return name.to_owned();
    }
    let mut starts_word = true;
    let letters = name.chars().map(|letter| {
        let upper = std::mem::replace(&mut starts_word, letter == '-');
        match upper {
            true => letter.to_ascii_uppercase(),
            false => letter.to_ascii_lowercase(),
        }
    });
    letters.collect()
}

/// Whether one of `values`, which are lists with commas, has this word.
pub(super) fn has_word(values: &[Vec<u8>], word: &str) -> bool {
    let words = values
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','));
    words
        .map(<[u8]>::trim_ascii)
        .any(|each| each.eq_ignore_ascii_case(word.as_bytes()))
}

/// What a field's name may consist of.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What a field's value may not contain.
pub(super) fn is_control(byte: &u8) -> bool {
    byte.is_ascii_control() && *byte != b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_canonical() {
        for (name, expected) in [
            ("FOO-bAR", "Foo-Bar"),
            ("x-a", "X-A"),
            ("etag", "Etag"),
            ("a b", "a b"),
            ("x_y-1z", "X_y-1z"),
        ] {
            assert_eq!(canonical(name), expected);
        }
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let refused = |name: &str, value: &str| {
            let mut headers = Headers::default();
            headers.add(name, value);
            headers.check().unwrap_err()
        };
        let value = "net/http: invalid header field value for \"X-A\"";
        assert_eq!(refused("x-a", "a\nb"), value);
        assert_eq!(refused("x-a", "\x7f"), value);
        let name = "net/http: invalid header field name";
        assert_eq!(refused("a b", ""), format!("{name} \"a b\""));
        assert_eq!(refused("", ""), format!("{name} \"\""));
    }
}
