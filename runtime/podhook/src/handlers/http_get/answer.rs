//! The head of a server's answer, read as Go's `http.ReadResponse` reads it.
//!
//! R48: any answer is a success, so the question is what counts as one; where the body
//! ends follows from the head too (R53). Reading that body is `body`.

mod fields;
mod framing;

use super::wire::{Reader, Stop};
use fields::Fields;
pub(super) use framing::Framing;
use podhook_lifecycle::quote::quote;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) framing: Framing,
    /// As sent; empty: not at all.
    pub(super) location: Vec<u8>,
    pub(super) is_gzip: bool,
}

/// What Go's transport reads of an answer before it gives up on its head.
const MAX_HEAD: u64 = 10 << 20;

/// Waits for the first answer that is final; the error is Go's.
pub(super) async fn read(reader: &mut Reader) -> Result<Head, String> {
    reader.allow(MAX_HEAD);
    match reader.peek(1).await {
        Err(Stop::End) => return Err("EOF".to_owned()),
        Err(stop) => return Err(stop.unexpected()),
        Ok(_) => (),
    }
    let head = final_head(reader).await;
    let head = head.map_err(|why| broken(reader, &why))?;
    reader.allow(u64::MAX);
    Ok(head)
}

/// Fields that nobody asks for, such as those after a body in chunks.
pub(super) async fn skip_fields(reader: &mut Reader) -> Result<(), String> {
    Fields::read(reader).await.map(drop)
}

fn broken(reader: &Reader, why: &str) -> String {
    let why = match reader.is_spent() {
        true => &format!("net/http: server response headers exceeded {MAX_HEAD} bytes; aborted"),
        false => why,
    };
    format!("net/http: HTTP/1.x transport connection broken: {why}")
}

/// Answers 1xx are passed over; but after 101 HTTP is not spoken any more.
async fn final_head(reader: &mut Reader) -> Result<Head, String> {
    loop {
        let head = one(reader).await?;
        if !(100..200).contains(&head.status) || head.status == 101 {
            return Ok(head);
        }
    }
}

async fn one(reader: &mut Reader) -> Result<Head, String> {
    let line = reader.line().await.map_err(Stop::unexpected)?;
    let (version, status) = status_line(&line)?;
    let fields = Fields::read(reader).await?;
    Ok(Head {
        status,
        framing: framing::of(version, status, &fields)?,
        location: fields.first("Location").to_vec(),
        is_gzip: fields
            .first("Content-Encoding")
            .eq_ignore_ascii_case(b"gzip"),
    })
}

/// Major and minor.
type Version = (u8, u8);

/// `HTTP/1.1 200 OK`, without the last of which Go can do.
fn status_line(line: &[u8]) -> Result<(Version, u16), String> {
    let space = |text: &[u8]| text.iter().position(|byte| *byte == b' ');
    let halves = space(line).and_then(|at| line.split_at_checked(at));
    let Some((version, status)) = halves else {
        return Err(format!("malformed HTTP response {}", quote(line)));
    };
    let first = status.iter().position(|byte| *byte != b' ');
    let status = first.and_then(|at| status.get(at..)).unwrap_or_default();
    let code = space(status).and_then(|at| status.get(..at));
    let status = status_code(code.unwrap_or(status))?;
    Ok((parse_version(version)?, status))
}

/// Three characters that are a number, a sign among them if need be.
fn status_code(code: &[u8]) -> Result<u16, String> {
    let digits = match code {
        [b'+', digits @ ..] | digits => digits,
    };
    let number = std::str::from_utf8(digits).unwrap_or_default();
    let is_number = digits.iter().all(u8::is_ascii_digit) || code == b"-00";
    match number.trim_start_matches('-').parse() {
        Ok(status) if code.len() == 3 && is_number => Ok(status),
        Ok(_) | Err(_) => Err(format!("malformed HTTP status code {}", quote(code))),
    }
}

fn parse_version(version: &[u8]) -> Result<Version, String> {
    match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Ok((major - b'0', minor - b'0'))
        }
        _ => Err(format!("malformed HTTP version {}", quote(version))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_what_go_takes_for_one() {
        for (line, status) in [
            ("HTTP/1.1 200 OK", 200),
            ("HTTP/1.0 404", 404),
            ("HTTP/1.1   503 x", 503),
            ("HTTP/9.9 +99 x", 99),
            ("HTTP/1.1 -00", 0),
        ] {
            assert_eq!(status_line(line.as_bytes()).unwrap().1, status, "{line}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for (line, expected) in [
            ("garbage", "malformed HTTP response \"garbage\""),
            ("", "malformed HTTP response \"\""),
            ("HTTP/1.1 20 OK", "malformed HTTP status code \"20\""),
            ("HTTP/1.1 -20", "malformed HTTP status code \"-20\""),
            ("HTTP/1.1 abc", "malformed HTTP status code \"abc\""),
            ("HTTP/1.1 ", "malformed HTTP status code \"\""),
            ("SSH-2.0 200 x", "malformed HTTP version \"SSH-2.0\""),
            ("HTTP/11 200 x", "malformed HTTP version \"HTTP/11\""),
        ] {
            let failed = status_line(line.as_bytes()).unwrap_err();
            assert_eq!(failed, expected);
        }
    }
}
