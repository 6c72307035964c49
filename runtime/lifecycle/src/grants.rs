//! What a hook may touch. A [`Grants::default`] touches nothing.
//!
//! These are the decisions; how they are spelled on a command line is
//! `podhook-runner`'s, how they are enforced is `podhook-sandbox`'s.

use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Everything granted to one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Folders of the host.
    pub dirs: Vec<DirGrant>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Answers of the `config` interface; the last of a name wins.
    pub config: Vec<(String, String)>,
    /// Where HTTP requests may go.
    pub hosts: Vec<HostGrant>,
    /// Private, loopback and link-local networks that a *name* may resolve into.
    pub networks: Vec<IpNet>,
    /// Whom outgoing HTTPS trusts; `None`: the machine's own certificate authorities.
    pub authorities: Option<Authorities>,
    /// Whether `container.send-signal` reaches the container's main process.
    pub signal: SignalGrant,
}

/// Certificate authorities.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorities {
    /// Their certificates, in PEM.
    pub pem: Arc<[u8]>,
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of certificates", self.pem.len())
    }
}

/// Whether a hook may signal the container's main process, and wait for its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignalGrant {
    /// It may not.
    #[default]
    Denied,
    /// It may, but nobody knows which process that is.
    Unknown,
    /// It may; the process has this identifier.
    Process(u32),
}

impl SignalGrant {
    /// Where nobody knew which process it is: this one.
    #[must_use]
    pub fn to_process(self, main: u32) -> Self {
        match self {
            Self::Unknown => Self::Process(main),
            Self::Denied | Self::Process(_) => self,
        }
    }
}

/// How a folder may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Files can be read and listed; nothing in it can change.
    ReadOnly,
    /// Files can also be written, made, renamed and removed.
    ReadWrite,
}

/// One folder of the host, and where the guest sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirGrant {
    /// On the host.
    pub host: PathBuf,
    /// In the guest.
    pub guest: String,
    /// How it may be used.
    pub access: Access,
}

/// Scheme of a URL a hook may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `http`, port 80 by default.
    Http,
    /// `https`, port 443 by default.
    Https,
}

impl Scheme {
    /// The port meant where none is written.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// As in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// One `--allow-host`: `[SCHEME://]HOST[:PORT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGrant {
    /// `None`: both schemes.
    pub scheme: Option<Scheme>,
    /// A lower-case name, or a literal address without brackets.
    pub host: String,
    /// `None`: the scheme's own port.
    pub port: Option<u16>,
}

impl HostGrant {
    /// Whether this grant covers a request to `host` (lower case, no brackets).
    #[must_use]
    pub fn covers(&self, scheme: Scheme, host: &str, port: u16) -> bool {
        let same_host = match (self.host.parse::<IpAddr>(), host.parse::<IpAddr>()) {
            (Ok(granted), Ok(asked)) => granted == asked,
            _ => self.host == host,
        };
        self.scheme.is_none_or(|granted| granted == scheme)
            && same_host
            && self.port.unwrap_or(scheme.default_port()) == port
    }
}

impl fmt::Display for HostGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{}://", scheme.as_str())?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(scheme: Option<Scheme>, host: &str, port: Option<u16>) -> HostGrant {
        HostGrant {
            scheme,
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn a_grant_without_scheme_covers_both_at_their_own_ports() {
        let any = grant(None, "example.com", None);
        assert!(any.covers(Scheme::Http, "example.com", 80));
        assert!(any.covers(Scheme::Https, "example.com", 443));
        assert!(!any.covers(Scheme::Http, "example.com", 8080));
        assert!(!any.covers(Scheme::Http, "www.example.com", 80));
    }

    #[test]
    fn a_port_or_a_scheme_binds() {
        let port = grant(None, "example.com", Some(8080));
        assert!(port.covers(Scheme::Https, "example.com", 8080));
        assert!(!port.covers(Scheme::Http, "example.com", 80));
        let https = grant(Some(Scheme::Https), "example.com", None);
        assert!(!https.covers(Scheme::Http, "example.com", 80));
        assert_eq!(https.to_string(), "https://example.com");
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        let v6 = grant(None, "0:0:0:0:0:0:0:1", None);
        assert!(v6.covers(Scheme::Http, "::1", 80));
        assert_eq!(grant(None, "::1", Some(8)).to_string(), "[::1]:8");
    }
}
