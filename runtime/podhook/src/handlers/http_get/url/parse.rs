//! Reading a URL, with the leniency and the errors of Go's `url.Parse`.
//!
//! What is let through here is on the wire a moment later, so neither more nor less is
//! refused than Go refuses. Resolving a reference against another URL is `resolve`.

use super::escape::{Part, unescape};
use super::host::parse_host;
use super::{Url, User, as_written, cut};
use podhook_lifecycle::quote::quote;

impl Url {
    /// The error is the whole text, `parse "…": …`.
    pub(in super::super) fn parse(raw: &[u8]) -> Result<Self, String> {
        let (text, fragment) = cut(raw, b'#').unwrap_or((raw, b""));
        let failed = |of: &[u8], why: &str| format!("parse {}: {why}", quote(of));
        let mut url = parse(text).map_err(|why| failed(text, &why))?;
        url.set_fragment(fragment)
            .map_err(|why| failed(raw, &why))?;
        Ok(url)
    }

    fn set_fragment(&mut self, written: &[u8]) -> Result<(), String> {
        self.fragment = unescape(written, Part::Fragment)?;
        self.raw_fragment = as_written(&self.fragment, written, Part::Fragment);
        Ok(())
    }
}

/// All but the fragment.
fn parse(text: &[u8]) -> Result<Url, String> {
    if text.iter().any(u8::is_ascii_control) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let (scheme, rest) = split_scheme(text)?;
    let mut url = Url {
        scheme: String::from_utf8_lossy(scheme).to_ascii_lowercase(),
        ..Url::default()
    };
    let rest = url.take_query(rest);
    if !rest.starts_with(b"/") {
        if url.is_absolute() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        let mut segments = rest.split(|byte| *byte == b'/');
        if segments.next().is_some_and(|first| first.contains(&b':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let path = url.take_authority(rest)?;
    url.set_path(path)?;
    Ok(url)
}

/// Empty, where there is none.
fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let end = text.iter().position(|byte| !is_part(byte));
    match end.and_then(|end| text.split_at_checked(end)) {
        Some(([], [b':', ..])) => Err("missing protocol scheme".to_owned()),
        Some((scheme @ [first, ..], [b':', rest @ ..])) if first.is_ascii_alphabetic() => {
            Ok((scheme, rest))
        }
        Some(_) | None => Ok((b"", text)),
    }
}

impl Url {
    fn take_query<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let Some((rest, query)) = cut(text, b'?') else {
            return text;
        };
        self.force_query = query.is_empty();
        self.raw_query = query.to_vec();
        rest
    }

    /// What follows `//`, up to the path. Three slashes are a path, where there is no
    /// scheme.
    fn take_authority<'t>(&mut self, text: &'t [u8]) -> Result<&'t [u8], String> {
        let is_path = !self.is_absolute() && text.starts_with(b"///");
        let Some(after) = text.strip_prefix(b"//").filter(|_| !is_path) else {
            self.omit_host = self.is_absolute() && text.starts_with(b"/");
            return Ok(text);
        };
        let end = after.iter().position(|byte| *byte == b'/');
        let end = end.unwrap_or(after.len());
        let (authority, path) = after.split_at_checked(end).unwrap_or((after, b""));
        self.set_authority(authority)?;
        Ok(path)
    }

    fn set_authority(&mut self, authority: &[u8]) -> Result<(), String> {
        let at = authority.iter().rposition(|byte| *byte == b'@');
        let (user, host) = match at.and_then(|at| authority.split_at_checked(at)) {
            Some((user, [_, host @ ..])) => (Some(user), host),
            Some(_) | None => (None, authority),
        };
        self.host = parse_host(&self.scheme, host)?;
        self.user = user.map(parse_user).transpose()?;
        Ok(())
    }
}

fn parse_user(text: &[u8]) -> Result<User, String> {
    let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !text.iter().all(is_valid) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = match cut(text, b':') {
        Some((name, password)) => (name, Some(password)),
        None => (text, None),
    };
    Ok(User {
        name: unescape(name, Part::Userinfo)?,
        password: password
            .map(|password| unescape(password, Part::Userinfo))
            .transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_as_go_refuses() {
        for (text, expected) in [
            ("a:b/c", "ok"),
            ("1a:b", "first path segment in URL cannot contain colon"),
            (":x", "missing protocol scheme"),
            ("/a\nb", "net/url: invalid control character in URL"),
            ("/%zz", "invalid URL escape \"%zz\""),
            ("http://h:8x/", "invalid port \":8x\" after host"),
            ("http://a:1:2/", "invalid port \":1:2\" after host"),
            ("http://[::1/", "missing ']' in host"),
            ("http://x[::1]/", "invalid IP-literal"),
            ("http://[::1]x/", "invalid port \"x\" after host"),
            ("http://a b/", "invalid character \" \" in host name"),
            ("http://u@v w@h/", "net/url: invalid userinfo"),
            ("//a:1:2", "ok"),
            ("///x", "ok"),
        ] {
            let parsed = Url::parse(text.as_bytes());
            let expected = match expected {
                "ok" => None,
                why => Some(format!("parse {}: {why}", quote(text.as_bytes()))),
            };
            assert_eq!(parsed.err(), expected, "{text}");
        }
    }

    #[test]
    fn a_fragment_is_refused_with_the_whole() {
        let failed = Url::parse(b"/a#%zz").unwrap_err();
        assert_eq!(failed, r##"parse "/a#%zz": invalid URL escape "%zz""##);
    }
}
