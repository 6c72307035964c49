//! A connection to a URL's host: name, addresses, TCP, and TLS where the scheme asks.
//!
//! R52: no proxy is asked for and no limit of time is set; whoever waits may stop. What
//! is sent over the connection is not known here.

use super::tls;
use super::url::Url;
use super::wire::{Ends, Stream, Wire, os_text, said};
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpStream, lookup_host};

/// Errors as Go's dialer prints them.
pub(super) async fn dial(url: &Url) -> Result<Wire, String> {
    let host = String::from_utf8_lossy(url.hostname()).into_owned();
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
        return Ok(vec![SocketAddr::new(address, port)]);
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

fn without_zone(host: &str) -> Option<IpAddr> {
    let (address, _) = host.split_once('%')?;
    address.parse().ok()
}

/// Whether it is asked of a resolver at all. Numbers are not: to the system `127.1` is
/// an address, to Go it is nothing.
fn is_name(host: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || b"_-".contains(&byte);
    let may_be = |byte: u8| is_letter(byte) || byte.is_ascii_digit() || byte == b'.';
    host.bytes().any(is_letter) && host.bytes().all(may_be)
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
