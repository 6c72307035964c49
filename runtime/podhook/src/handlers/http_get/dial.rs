//! A connection to a URL's host: name, addresses, TCP, and TLS where the scheme asks.
//!
//! R52: no proxy is asked for and no limit of time is set; whoever waits may stop. What
//! is sent over the connection is not known here.

use super::url::Url;
use super::wire::{Ends, Stream, Wire, os_text, said};
use super::{punycode, tls};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use tokio::net::{TcpStream, lookup_host};

/// Errors as Go's dialer prints them.
pub(super) async fn dial(url: &Url) -> Result<Wire, String> {
    let host = punycode::lookup_name(&String::from_utf8_lossy(url.hostname()));
    let addresses = addresses(&host, port(url)?).await?;
    let stream = first_open(&host, &addresses).await?;
    // Small requests wait for nothing.
    let _ = stream.set_nodelay(true);
    let failed = |error: io::Error| format!("dial tcp: {}", os_text(&error));
    let ends = Ends {
        local: stream.local_addr().map_err(failed)?,
        remote: stream.peer_addr().map_err(failed)?,
    };
    let stream: Box<dyn Stream> = match url.scheme.as_str() {
        "https" => {
            let connected = tls::connect(&host, stream).await;
            Box::new(connected.map_err(|error| tls_text(&error, &ends))?)
        }
        _ => Box::new(stream),
    };
    Ok(Wire::new(stream, ends))
}

fn tls_text(error: &io::Error, ends: &Ends) -> String {
    match error.kind() == io::ErrorKind::UnexpectedEof {
        true => "EOF".to_owned(),
        false => said(error, ends),
    }
}

fn port(url: &Url) -> Result<u16, String> {
    let written = String::from_utf8_lossy(url.port());
    match (written.as_ref(), url.scheme.as_str()) {
        ("", "https") => Ok(443),
        ("", _) => Ok(80),
        (digits, _) => digits
            .parse()
            .map_err(|_| format!("dial tcp: address {digits}: invalid port")),
    }
}

async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        // To Go an address of version 4 is one, however it is written.
        return Ok(vec![SocketAddr::new(address.to_canonical(), port)]);
    }
    if host.contains(']') {
        let why = "unexpected ']' in address";
        return Err(format!("dial tcp: address {host}:{port}: {why}"));
    }
    let unknown = |why: &str| Err(format!("dial tcp: lookup {host}: {why}"));
    let zoned = without_zone(host);
    if zoned.is_none() && !is_name(host) {
        return unknown("no such host");
    }
    let found = lookup_host((host, port)).await.map(Vec::from_iter);
    match (found, zoned) {
        (Ok(found), _) if !found.is_empty() => Ok(found),
        // A zone that is not of this machine is no zone, to Go.
        (_, Some(address)) => Ok(vec![SocketAddr::new(address, port)]),
        (Ok(_), None) => unknown("no such host"),
        (Err(error), None) => unknown(lookup_text(&error)),
    }
}

/// An address of version 4 has no zones.
fn without_zone(host: &str) -> Option<IpAddr> {
    let (address, _) = host.split_once('%')?;
    let address: Ipv6Addr = address.parse().ok()?;
    Some(address.into())
}

/// Whether it is asked of a resolver at all. Numbers are not: to the system `127.1` is
/// an address, to Go it is nothing.
fn is_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || b"_-".contains(&byte);
    let labels = name.len() <= 253 && name.split('.').all(is_label);
    host == "." || labels && name.bytes().any(is_letter)
}

fn is_label(label: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let is_framed = label.starts_with('-') || label.ends_with('-');
    (1..=63).contains(&label.len()) && !is_framed && label.bytes().all(may_be)
}

/// Two answers of a resolver are told apart: not now, and never.
fn lookup_text(error: &io::Error) -> &'static str {
    match error.to_string().contains("Temporary failure") {
        true => "Temporary failure in name resolution",
        false => "no such host",
    }
}

/// One after the other; if none is open, the first one's error counts.
async fn first_open(host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut first = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                let (address, why) = (shown(host, address), os_text(&error));
                first = first.or(Some(format!("dial tcp {address}: connect: {why}")));
            }
        }
    }
    Err(first.unwrap_or_default())
}

/// With the zone as it was written; the system has a number for it.
fn shown(host: &str, address: &SocketAddr) -> String {
    match host.split_once('%') {
        Some((_, zone)) => format!("[{}%{zone}]:{}", address.ip(), address.port()),
        None => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_resolver_is_asked() {
        let long = "a".repeat(63);
        let (names, others) = (
            ["a", "A.b.", ".", "_x.y-z", "1.a", "x--y", &long],
            ["", "..", ".a", "a..b", "-a", "a-", "a-.b", "a.-b", "127.1"],
        );
        for name in names {
            assert!(is_name(name), "{name}");
        }
        for other in others {
            assert!(!is_name(other), "{other}");
        }
        for other in [format!("{long}a"), "a b".to_owned(), "a.".repeat(128)] {
            assert!(!is_name(&other), "{other}");
        }
    }

    #[test]
    fn a_zone_is_of_version_6() {
        let loopback = Some(IpAddr::from(Ipv6Addr::LOCALHOST));
        assert_eq!(without_zone("::1%lo"), loopback);
        assert_eq!(without_zone("127.0.0.1%lo"), None);
        assert_eq!(without_zone("::1"), None);
    }
}
