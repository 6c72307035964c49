//! Where the body of an answer ends, as Go's `readTransfer` decides it.
//!
//! Strict where requests could be smuggled, as Go is: a head that is unclear is no
//! answer. How the body is read is not known here.

use super::Version;
use super::fields::Fields;
use crate::handlers::http_get::header::has_word;
use podhook_lifecycle::quote::{quote, quote_all};

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Framing {
    /// There is none.
    Empty,
    /// This many bytes; not zero.
    Length(u64),
    /// In pieces, each with its length.
    Chunked,
    /// Until the connection is closed.
    UntilEnd,
}

impl Framing {
    /// `Content-Length` as Go sees it; `None`: not known.
    pub(in super::super) fn length(self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Length(length) => Some(length),
            Self::Chunked | Self::UntilEnd => None,
        }
    }
}

pub(super) fn of(version: Version, status: u16, fields: &Fields) -> Result<Framing, String> {
    let is_chunked = is_chunked(version, fields)?;
    let length = content_length(&fields.all("Content-Length"))?;
    if is_chunked {
        check_trailer(fields)?;
    }
    Ok(match (status, is_chunked, length) {
        // What was switched to is read as it comes.
        (101, _, _) if is_switch(fields) => Framing::UntilEnd,
        (100..200 | 204 | 304, _, _) => Framing::Empty,
        (_, true, _) => Framing::Chunked,
        (_, false, Some(0)) => Framing::Empty,
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => Framing::UntilEnd,
    })
}

/// HTTP/1.0 knows no chunks; `HTTP/0.0` is taken for 1.1.
fn is_chunked(version: Version, fields: &Fields) -> Result<bool, String> {
    let knows_chunks = version >= (1, 1) || version == (0, 0);
    let values = fields.all("Transfer-Encoding");
    match values.as_slice() {
        _ if !knows_chunks => Ok(false),
        [] => Ok(false),
        [one] if one.eq_ignore_ascii_case(b"chunked") => Ok(true),
        [one] => Err(format!("unsupported transfer encoding: {}", quote(one))),
        many => Err(format!("too many transfer encodings: {}", quote_all(many))),
    }
}

fn content_length(values: &[Vec<u8>]) -> Result<Option<u64>, String> {
    let Some((first, others)) = values.split_first() else {
        return Ok(None);
    };
    let first = first.trim_ascii();
    if others.iter().any(|other| other.trim_ascii() != first) {
        let all = quote_all(values);
        return Err(format!(
            "http: message cannot contain multiple Content-Length headers; got {all}"
        ));
    }
    if first.is_empty() {
        return Err("invalid empty Content-Length \"\"".to_owned());
    }
    let digits = std::str::from_utf8(first).ok();
    let digits = digits.filter(|_| first.iter().all(u8::is_ascii_digit));
    let number = digits.and_then(|digits| digits.parse::<i64>().ok());
    match number.and_then(|number| u64::try_from(number).ok()) {
        Some(length) => Ok(Some(length)),
        None => Err(format!("bad Content-Length {}", quote(first))),
    }
}

/// What frames a body may not come after it.
fn check_trailer(fields: &Fields) -> Result<(), String> {
    for name in ["Transfer-Encoding", "Trailer", "Content-Length"] {
        if has_word(&fields.all("Trailer"), name) {
            return Err(format!("bad trailer key {}", quote(name.as_bytes())));
        }
    }
    Ok(())
}

fn is_switch(fields: &Fields) -> bool {
    !fields.first("Upgrade").is_empty() && has_word(&fields.all("Connection"), "upgrade")
}
