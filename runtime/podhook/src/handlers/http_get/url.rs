//! A URL as Go's `net/url` has it, written and taken apart.
//!
//! R46 says that a path is read as a reference and then given a scheme and a host;
//! what comes of odd paths follows from Go's parts of a URL, so these are the same
//! parts. Bytes throughout: a server's `Location` need not be UTF-8. What a URL leads
//! to is not known here.

mod escape;
mod host;
mod ip_literal;
mod parse;
mod resolve;

use escape::{Part, escape, is_encoded, unescape};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Url {
    /// Lower case.
    pub(super) scheme: String,
    /// What follows a scheme without a slash, as in `mailto:x`.
    opaque: Vec<u8>,
    pub(super) user: Option<User>,
    /// With the port, if there is one; decoded.
    pub(super) host: Vec<u8>,
    /// Decoded.
    path: Vec<u8>,
    /// The path as written, where encoding it anew would be different.
    raw_path: Vec<u8>,
    raw_query: Vec<u8>,
    /// A `?` with nothing after it.
    force_query: bool,
    /// A scheme and a path, and no `//`.
    omit_host: bool,
    fragment: Vec<u8>,
    raw_fragment: Vec<u8>,
}

/// What stands before the `@`, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: Vec<u8>,
    pub(super) password: Option<Vec<u8>>,
}

impl User {
    fn written(&self) -> Vec<u8> {
        let mut written = escape(&self.name, Part::Userinfo);
        if let Some(password) = &self.password {
            written.push(b':');
            written.extend(escape(password, Part::Userinfo));
        }
        written
    }
}

impl Url {
    /// R46: for a path that is no reference; it is then all path.
    pub(super) fn of_path(path: &str) -> Self {
        Self {
            path: path.into(),
            ..Self::default()
        }
    }

    /// The whole, as `String` writes it.
    pub(super) fn written(&self) -> Vec<u8> {
        let user = self.user.as_ref().map(User::written);
        self.written_with(user)
    }

    /// As errors show it: without the password. The name is shown decoded, as Go does.
    pub(super) fn redacted(&self) -> Vec<u8> {
        let user = self.user.as_ref().map(|user| match user.password {
            Some(_) => [&user.name, b":***".as_slice()].concat(),
            None => user.written(),
        });
        self.written_with(user)
    }

    /// As a `Referer` says it: without name and password.
    pub(super) fn referer(&self) -> Vec<u8> {
        self.written_with(None)
    }

    fn written_with(&self, user: Option<Vec<u8>>) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend(self.scheme.bytes());
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_authority(&mut out, user);
            self.write_path(&mut out);
        } else {
            out.extend(&self.opaque);
        }
        self.write_query(&mut out);
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(encoded(&self.fragment, &self.raw_fragment, Part::Fragment));
        }
        out
    }

    fn write_authority(&self, out: &mut Vec<u8>, user: Option<Vec<u8>>) {
        let nobody = self.host.is_empty() && self.user.is_none();
        let left_out = nobody && (self.scheme.is_empty() || self.omit_host || self.path.is_empty());
        if !left_out {
            out.extend(b"//");
        }
        if let Some(user) = user {
            out.extend(user);
            out.push(b'@');
        }
        out.extend(escape(&self.host, Part::Host));
    }

    fn write_path(&self, out: &mut Vec<u8>) {
        let path = self.escaped_path();
        if path.first().is_some_and(|byte| *byte != b'/') && !self.host.is_empty() {
            out.push(b'/');
        }
        let mut segments = path.split(|byte| *byte == b'/');
        if out.is_empty() && segments.next().is_some_and(|first| first.contains(&b':')) {
            out.extend(b"./");
        }
        out.extend(path);
    }

    fn write_query(&self, out: &mut Vec<u8>) {
        if self.force_query || !self.raw_query.is_empty() {
            out.push(b'?');
            out.extend(&self.raw_query);
        }
    }

    fn escaped_path(&self) -> Vec<u8> {
        encoded(&self.path, &self.raw_path, Part::Path)
    }

    fn set_path(&mut self, written: &[u8]) -> Result<(), String> {
        self.path = unescape(written, Part::Path)?;
        self.raw_path = as_written(&self.path, written, Part::Path);
        Ok(())
    }

    /// What stands in the request line.
    pub(super) fn request_target(&self) -> Vec<u8> {
        let mut target = match self.opaque.as_slice() {
            b"" => self.escaped_path(),
            [b'/', b'/', ..] => [self.scheme.as_bytes(), b":", &self.opaque].concat(),
            _ => self.opaque.clone(),
        };
        if target.is_empty() {
            target.push(b'/');
        }
        self.write_query(&mut target);
        target
    }

    pub(super) fn is_absolute(&self) -> bool {
        !self.scheme.is_empty()
    }
}

/// Before and after the first `at`.
pub(super) fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let mut halves = text.splitn(2, |byte| *byte == at);
    Some((halves.next()?, halves.next()?))
}

/// `raw`, if it still stands for `plain`.
fn encoded(plain: &[u8], raw: &[u8], part: Part) -> Vec<u8> {
    let stands = || unescape(raw, part).is_ok_and(|decoded| decoded == plain);
    if !raw.is_empty() && is_encoded(raw, part) && stands() {
        return raw.to_vec();
    }
    match (part, plain) {
        (Part::Path, b"*") => plain.to_vec(),
        _ => escape(plain, part),
    }
}

/// What has to be kept beside `plain` to write it again as it was.
fn as_written(plain: &[u8], written: &[u8], part: Part) -> Vec<u8> {
    match escape(plain, part) == written {
        true => Vec::new(),
        false => written.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Url {
        Url::parse(text.as_bytes()).unwrap()
    }

    fn shown(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn written_as_it_was_read() {
        for text in [
            "http://h:80/a%2Fb?q=1#f",
            "http://us:pw@[fe80::1%25eth0]:80/",
            "mailto:x@y",
            "//h/x",
            "./a:b",
            "http://h/?",
            "file:///x",
        ] {
            assert_eq!(shown(&parsed(text).written()), text);
        }
        assert_eq!(
            shown(&Url::of_path("a:b/%zz?x").written()),
            "./a:b/%25zz%3Fx"
        );
    }

    #[test]
    fn taken_apart() {
        let url = parsed("http://u:p@[::1]:8080/x?y#z");
        assert_eq!((url.hostname(), url.port()), (&b"::1"[..], &b"8080"[..]));
        assert_eq!(shown(&url.request_target()), "/x?y");
        assert_eq!(shown(&url.redacted()), "http://u:***@[::1]:8080/x?y#z");
        assert_eq!(shown(&url.referer()), "http://[::1]:8080/x?y#z");
        let bare = parsed("http://h:");
        assert_eq!((bare.hostname(), bare.port()), (&b"h"[..], &b""[..]));
        assert_eq!(shown(&bare.request_target()), "/");
        assert_eq!(shown(&parsed("http:a/b?c").request_target()), "a/b?c");
    }
}
