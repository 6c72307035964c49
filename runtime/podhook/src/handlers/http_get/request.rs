//! The request of an action: its URL (R44, R46), its fields (R47), its bytes.
//!
//! Pure. Where the bytes go, and what comes back, is not known here.

use super::header::{Headers, has_word, write_field};
use super::url::Url;
use super::{Purpose, Target, punycode};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use podhook_lifecycle::port;
use podhook_lifecycle::quote::quote;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) url: Url,
    /// What `Host:` says instead of the URL's host; empty: nothing else.
    pub(super) host: Vec<u8>,
    pub(super) headers: Headers,
}

impl Request {
    /// As the kubelet makes it; an error comes before anything is sent, and has no
    /// `Get` before it.
    pub(super) fn new(target: &Target<'_>) -> Result<Self, String> {
        let headers = headers(target);
        Ok(Self {
            url: url(target)?,
            host: headers.first("Host").to_vec(),
            headers,
        })
    }

    /// What is refused before a connection is made.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_http = matches!(self.url.scheme.as_str(), "http" | "https");
        if !is_http {
            let scheme = quote(self.url.scheme.as_bytes());
            return Err(format!("unsupported protocol scheme {scheme}"));
        }
        self.headers.check()?;
        match self.url.host.is_empty() {
            true => Err("http: no Host in request URL".to_owned()),
            false => Ok(()),
        }
    }

    /// R47: the bytes, in Go's order.
    pub(super) fn written(&self, purpose: Purpose) -> Result<Vec<u8>, String> {
        let target = self.url.request_target();
        if target.iter().any(u8::is_ascii_control) {
            return Err("net/http: can't write control character in Request.URL".to_owned());
        }
        let mut out = [b"GET ".as_slice(), &target, b" HTTP/1.1\r\n"].concat();
        write_field(&mut out, "Host", &self.host_field());
        let user_agent = self.headers.first("User-Agent");
        if !user_agent.is_empty() {
            write_field(&mut out, "User-Agent", user_agent);
        }
        self.headers_with_user(&mut out);
        self.write_transport(&mut out, purpose);
        out.extend(b"\r\n");
        Ok(out)
    }

    /// What the user set, and what the URL says of the user. A name and a password in
    /// the URL yield to a field that says the same.
    fn headers_with_user(&self, out: &mut Vec<u8>) {
        let Some(user) = &self.url.user else {
            return self.headers.write(out);
        };
        let mut headers = self.headers.clone();
        if headers.first("Authorization").is_empty() {
            let password = user.password.as_deref().unwrap_or_default();
            let plain = [&user.name, b":".as_slice(), password].concat();
            headers.set(
                "Authorization",
                format!("Basic {}", BASE64_STANDARD.encode(&plain)).into(),
            );
        }
        headers.write(out);
    }

    /// What the transport adds: a hook asks for compression, a probe to be let go.
    fn write_transport(&self, out: &mut Vec<u8>, purpose: Purpose) {
        match purpose {
            Purpose::Probe if !self.speaks_of_connection() => {
                write_field(out, "Connection", b"close");
            }
            Purpose::Hook if self.asks_for_gzip(purpose) => {
                write_field(out, "Accept-Encoding", b"gzip");
            }
            Purpose::Hook | Purpose::Probe => (),
        }
    }

    /// Whether the user asks to be let go, or for another protocol.
    fn speaks_of_connection(&self) -> bool {
        let words = self.headers.all("Connection");
        let is_switch = has_word(words, "upgrade") && !self.headers.first("Upgrade").is_empty();
        // Of several fields Go asks the first alone.
        is_switch || has_word(words.get(..1).unwrap_or_default(), "close")
    }

    /// Unless the user said something of compression, or asked for a part.
    pub(super) fn asks_for_gzip(&self, purpose: Purpose) -> bool {
        let is_unset = |name| self.headers.first(name).is_empty();
        purpose == Purpose::Hook && is_unset("Accept-Encoding") && is_unset("Range")
    }

    /// R51: the same without TLS, and without what should not be said without.
    pub(super) fn without_tls(mut self) -> Self {
        "http".clone_into(&mut self.url.scheme);
        self.headers.remove("Authorization");
        self
    }

    /// Without an address's zone, and empty rather than altered where it is no host.
    fn host_field(&self) -> Vec<u8> {
        let host = match self.host.is_empty() {
            true => &self.url.host,
            false => &self.host,
        };
        let host = &punycode::host_field(host);
        match host.iter().all(is_host_byte) {
            true => without_zone(host),
            false => Vec::new(),
        }
    }
}

/// R44, R46: the path as a reference, under the scheme and the host of the action; then
/// all of it read anew, as the kubelet does.
fn url(target: &Target<'_>) -> Result<Url, String> {
    let action = target.action;
    let host = host(target)?;
    let port = port::resolve(&action.port, target.ports)?;
    let path = action.path.as_deref().unwrap_or_default();
    let mut url = Url::parse(path.as_bytes()).unwrap_or_else(|_| Url::of_path(path));
    let scheme = action.scheme.as_deref().unwrap_or_default();
    url.scheme = match scheme {
        "" => "http".to_owned(),
        _ => scheme.to_lowercase(),
    };
    url.host = match host.contains(':') {
        true => format!("[{host}]:{port}").into(),
        false => format!("{host}:{port}").into(),
    };
    Url::parse(&url.written())
}

/// R44: the action's, or the pod's first address.
fn host(target: &Target<'_>) -> Result<String, String> {
    let named = target.action.host.as_deref().unwrap_or_default();
    match (named, target.pod_ips.first()) {
        ("", Some(address)) => Ok(address.to_string()),
        // The kubelet goes on with a print of its own data about the pod.
        ("", None) => Err("failed to find networking container: no pod IP".to_owned()),
        (host, _) => Ok(host.to_owned()),
    }
}

/// R47: the user's fields, and what they leave unsaid.
fn headers(target: &Target<'_>) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in &target.action.headers {
        headers.add(name, value);
    }
    if !headers.has("User-Agent") {
        headers.set("User-Agent", target.user_agent.into());
    }
    if !headers.has("Accept") {
        headers.set("Accept", b"*/*".to_vec());
    } else if headers.first("Accept").is_empty() {
        headers.remove("Accept");
    }
    headers
}

fn is_host_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&()*+,-.:;=['_]~".contains(byte)
}

/// `[fe80::1%eth0]:80` as `[fe80::1]:80`: the zone is this machine's own business.
fn without_zone(host: &[u8]) -> Vec<u8> {
    let close = host.iter().rposition(|byte| *byte == b']');
    let halves = close.and_then(|at| host.split_at_checked(at));
    let Some((address @ [b'[', ..], rest)) = halves else {
        return host.to_vec();
    };
    let zone = address.iter().rposition(|byte| *byte == b'%');
    let address = zone.and_then(|at| address.get(..at)).unwrap_or(address);
    [address, rest].concat()
}
