//! The host of a URL, and the port behind it.
//!
//! A host is a name, an address, or an IPv6 address in brackets with perhaps a zone; Go
//! lets through what nobody could resolve, and so do we. What the host leads to is not
//! known here.

use super::escape::{Part, unescape};
use super::{Url, ip_literal};
use podhook_lifecycle::quote::quote;

impl Url {
    /// Without the port, and without brackets.
    pub(in super::super) fn hostname(&self) -> &[u8] {
        let (host, _) = split_port(&self.host);
        match host {
            [b'[', inner @ .., b']'] => inner,
            _ => host,
        }
    }

    /// What follows the host's last colon; empty: nothing does.
    pub(in super::super) fn port(&self) -> &[u8] {
        split_port(&self.host).1
    }
}

/// Decoded; the error is Go's.
pub(super) fn parse_host(scheme: &str, host: &[u8]) -> Result<Vec<u8>, String> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => return parse_bracketed(host),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => (),
    }
    // Of several colons the last is the port's, but for the schemes of the web the
    // first: what follows it is then no port.
    let colon = match scheme {
        "http" | "https" => host.iter().position(|byte| *byte == b':'),
        _ => host.iter().rposition(|byte| *byte == b':'),
    };
    check_port(colon.and_then(|at| host.get(at..)).unwrap_or_default())?;
    unescape(host, Part::Host)
}

/// An IPv6 address in brackets, perhaps with a zone, perhaps with a port.
fn parse_bracketed(host: &[u8]) -> Result<Vec<u8>, String> {
    let close = host.iter().rposition(|byte| *byte == b']');
    let halves = close.and_then(|at| host.split_at_checked(at));
    let Some(([b'[', inner @ ..], [_, port @ ..])) = halves else {
        return Err("missing ']' in host".to_owned());
    };
    check_port(port)?;
    let zone = inner.windows(3).position(|three| three == b"%25");
    let (address, zone) = inner
        .split_at_checked(zone.unwrap_or(inner.len()))
        .unwrap_or((inner, b""));
    let address = unescape(address, Part::Host)?;
    let literal = [address, unescape(zone, Part::Zone)?].concat();
    ip_literal::check(&literal)?;
    Ok([b"[", literal.as_slice(), b"]", port].concat())
}

fn check_port(port: &[u8]) -> Result<(), String> {
    match is_optional_port(port) {
        true => Ok(()),
        false => Err(format!("invalid port {} after host", quote(port))),
    }
}

fn split_port(host: &[u8]) -> (&[u8], &[u8]) {
    let colon = host.iter().rposition(|byte| *byte == b':');
    let halves = colon.and_then(|at| host.split_at_checked(at));
    match halves {
        Some((name, port @ [b':', digits @ ..])) if is_optional_port(port) => (name, digits),
        Some(_) | None => (host, b""),
    }
}

/// Nothing, or a colon and any number of digits.
fn is_optional_port(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
