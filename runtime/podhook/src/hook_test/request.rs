//! Which request: `PUT http://consul:8500/v1/agent/check/pass/web`.

use http::uri::Uri;
use http::{Method, Request};
use serde::Deserialize;
use std::fmt;

/// A method and a URL, in one way of writing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Asked {
    method: String,
    pub(super) origin: Origin,
    /// With its query.
    path: String,
}

/// Where a connection goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    scheme: &'static str,
    /// Lower case, without brackets.
    host: String,
    port: u16,
}

impl Origin {
    pub(super) fn new(scheme: &'static str, host: &str, port: u16) -> Self {
        let host = host.to_ascii_lowercase();
        Self { scheme, host, port }
    }

    fn of(uri: &Uri) -> Option<Self> {
        let (scheme, default) = match uri.scheme_str()? {
            "http" => ("http", 80),
            "https" => ("https", 443),
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        // A port that is none is not said to be there; nor is a user in a URL of a hook's.
        let beside = uri.authority()?.as_str().strip_prefix(uri.host()?)?;
        let port = match uri.port_u16() {
            None if !beside.is_empty() => return None,
            port => port.unwrap_or(default),
        };
        Some(Self::new(scheme, host, port))
    }

    /// A request that came over a connection to here.
    pub(super) fn asked<B>(&self, request: &Request<B>) -> Asked {
        let path = request.uri().path_and_query();
        Asked {
            method: request.method().to_string(),
            origin: self.clone(),
            path: path.map_or("/", |path| path.as_str()).to_owned(),
        }
    }
}

impl TryFrom<String> for Asked {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no request; write METHOD http://HOST[:PORT]/PATH");
        let (method, url) = text.split_once(' ').ok_or_else(wrong)?;
        let method: Method = method.parse().map_err(|_| wrong())?;
        // They are told apart by case, and all that there are have capitals.
        if method
            .as_str()
            .chars()
            .any(|letter| letter.is_ascii_lowercase())
        {
            return Err(wrong());
        }
        let uri: Uri = url.trim().parse().map_err(|_| wrong())?;
        let origin = Origin::of(&uri).ok_or_else(wrong)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/{path}"),
        };
        Ok(Self {
            method: method.to_string(),
            origin,
            path,
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]")?,
            false => write!(f, "{scheme}://{host}")?,
        }
        match (*scheme, port) {
            ("http", 80) | ("https", 443) => Ok(()),
            _ => write!(f, ":{port}"),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_is_written_in_one_way() {
        for (text, shown) in [
            ("GET http://Registry", "GET http://registry/"),
            ("GET http://registry?a=1", "GET http://registry/?a=1"),
            ("GET http://registry:80/?a=1", "GET http://registry/?a=1"),
            ("PUT https://[::1]:8443/x", "PUT https://[::1]:8443/x"),
        ] {
            let asked = Asked::try_from(text.to_owned()).unwrap();
            assert_eq!(asked.to_string(), shown);
            assert_eq!(Asked::try_from(shown.to_owned()).unwrap(), asked);
        }
        for text in [
            "http://registry/",
            "GET",
            "GET /x",
            "GET ftp://x/",
            "get http://x/",
            "GET http://x:99999/",
            "G T http://x/",
        ] {
            let why = Asked::try_from(text.to_owned()).unwrap_err();
            assert!(why.ends_with("METHOD http://HOST[:PORT]/PATH"), "{why}");
        }
    }
}
