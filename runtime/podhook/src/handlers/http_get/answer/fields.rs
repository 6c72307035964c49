//! The fields of an answer: all of them checked, few of them kept.
//!
//! A server may send ten megabytes of them; what is kept is what the framing and a
//! redirect need. What the values mean is `framing`.

use crate::handlers::http_get::header::{canonical, is_control, is_token};
use crate::handlers::http_get::url::cut;
use crate::handlers::http_get::wire::{Reader, Stop};
use podhook_lifecycle::quote::quote;

#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Vec<u8>)>);

const KEPT: [&str; 7] = [
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Location",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

/// How many values of one name are kept. Two would tell that there are too many.
const MAX_VALUES: usize = 100;

/// How much of a first line that begins with a space Go is willing to show.
const MAX_SHOWN: usize = 80;

impl Fields {
    /// Up to and with the empty line; the error is that of Go's `ReadMIMEHeader`.
    pub(super) async fn read(reader: &mut Reader) -> Result<Self, String> {
        if let Ok([b' ' | b'\t', ..]) = reader.peek(1).await {
            return Err(initial_space(reader).await);
        }
        let mut fields = Self::default();
        loop {
            let line = line(reader).await?;
            if line.is_empty() {
                return Ok(fields);
            }
            fields.add(&line)?;
        }
    }

    fn add(&mut self, line: &[u8]) -> Result<(), String> {
        let malformed = |line: &[u8]| format!("malformed MIME header line: {}", quote(line));
        let (name, value) = cut(line, b':').ok_or_else(|| malformed(line))?;
        let is_name = |byte: &u8| is_token(*byte) || *byte == b' ';
        if name.is_empty() || !name.iter().all(is_name) {
            return Err(malformed(line));
        }
        // Go shows the name as it has come to spell it by then.
        let name = canonical(&String::from_utf8_lossy(name));
        if value.iter().any(is_control) {
            return Err(malformed(&[name.as_bytes(), b":", value].concat()));
        }
        let kept = KEPT.into_iter().find(|kept| *kept == name);
        if let Some(kept) = kept.filter(|kept| self.count(kept) < MAX_VALUES) {
            self.0.push((kept, value.trim_ascii_start().to_vec()));
        }
        Ok(())
    }

    fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(kept, _)| *kept == name).count()
    }

    /// The values of one of [`KEPT`].
    pub(super) fn all(&self, name: &str) -> Vec<Vec<u8>> {
        let of_name = self.0.iter().filter(|(kept, _)| *kept == name);
        of_name.map(|(_, value)| value.clone()).collect()
    }

    /// The first of them; empty: there is none.
    pub(super) fn first(&self, name: &str) -> &[u8] {
        let of_name = self.0.iter().find(|(kept, _)| *kept == name);
        of_name
            .map(|(_, value)| value.as_slice())
            .unwrap_or_default()
    }
}

async fn initial_space(reader: &mut Reader) -> String {
    match reader.line().await {
        Ok(line) if line.len() > MAX_SHOWN => "message too large".to_owned(),
        Ok(line) => format!("malformed MIME header initial line: {}", quote(&line)),
        Err(stop) => stop.unexpected(),
    }
}

/// A line and those that continue it, with one space between them.
async fn line(reader: &mut Reader) -> Result<Vec<u8>, String> {
    let first = reader.line().await.map_err(Stop::unexpected)?;
    if first.is_empty() {
        return Ok(first);
    }
    if !first.contains(&b':') {
        let quoted = quote(&first);
        return Err(format!("malformed MIME header: missing colon: {quoted}"));
    }
    let mut line = trim(&first).to_vec();
    while skip_spaces(reader).await {
        line.push(b' ');
        match reader.line().await {
            Ok(more) => line.extend(trim(&more)),
            Err(_) => break,
        }
    }
    Ok(line)
}

/// Spaces and tabs alone: a stray carriage return is not overlooked.
fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    match text {
        [first, rest @ ..] if is_blank(first) => trim(rest),
        [rest @ .., last] if is_blank(last) => trim(rest),
        _ => text,
    }
}

/// Whether there were any.
async fn skip_spaces(reader: &mut Reader) -> bool {
    let mut were_any = false;
    while let Ok([b' ' | b'\t', ..]) = reader.peek(1).await {
        reader.take(1);
        were_any = true;
    }
    were_any
}
