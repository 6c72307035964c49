//! R49: a `Location` made absolute, as Go's `ResolveReference` does it.
//!
//! Reading the text is `parse`; whether the outcome is followed is not known here.

use super::Url;

impl Url {
    /// `text` as a link on the page at `self`; the error is that of `parse`.
    pub(in super::super) fn join(&self, text: &[u8]) -> Result<Self, String> {
        Self::parse(text).map(|reference| self.resolve(&reference))
    }

    fn resolve(&self, reference: &Self) -> Self {
        let mut url = reference.clone();
        if !reference.is_absolute() {
            url.scheme.clone_from(&self.scheme);
        }
        if reference.is_absolute() || !reference.host.is_empty() || reference.user.is_some() {
            url.set_resolved_path(&reference.escaped_path(), b"");
            return url;
        }
        if !reference.opaque.is_empty() {
            return url.without_authority();
        }
        let says_nothing = reference.path.is_empty();
        if says_nothing && !reference.force_query && reference.raw_query.is_empty() {
            url.raw_query.clone_from(&self.raw_query);
            if reference.fragment.is_empty() {
                url.fragment.clone_from(&self.fragment);
                url.raw_fragment.clone_from(&self.raw_fragment);
            }
        }
        if says_nothing && !self.opaque.is_empty() {
            url.opaque.clone_from(&self.opaque);
            return url.without_authority();
        }
        url.host.clone_from(&self.host);
        url.user.clone_from(&self.user);
        url.set_resolved_path(&self.escaped_path(), &reference.escaped_path());
        url
    }

    fn without_authority(mut self) -> Self {
        self.user = None;
        self.host.clear();
        self.path.clear();
        self
    }

    fn set_resolved_path(&mut self, base: &[u8], reference: &[u8]) {
        // Both were escaped by us, so that they can be unescaped.
        let _ = self.set_path(&resolve_path(base, reference));
    }
}

/// RFC 3986, 5.2.4: the two as one path, without `.` and `..`.
fn resolve_path(base: &[u8], reference: &[u8]) -> Vec<u8> {
    let full = match reference {
        [] => base.to_vec(),
        [b'/', ..] => reference.to_vec(),
        _ => [folder(base), reference].concat(),
    };
    if full.is_empty() {
        return full;
    }
    let mut path = vec![b'/'];
    let mut is_first = true;
    let mut last = &b""[..];
    for segment in full.split(|byte| *byte == b'/') {
        match segment {
            b"." => is_first = false,
            b".." => is_first = !cut_last(&mut path),
            _ => {
                let slash: &[u8] = if is_first { b"" } else { b"/" };
                path.extend([slash, segment].concat());
                is_first = false;
            }
        }
        last = segment;
    }
    if matches!(last, b"." | b"..") {
        path.push(b'/');
    }
    match path.strip_prefix(b"/") {
        Some(rest) if rest.starts_with(b"/") => rest.to_vec(),
        Some(_) | None => path,
    }
}

/// Without the last segment; whether one is left.
fn cut_last(path: &mut Vec<u8>) -> bool {
    let after_first = path.get(1..).unwrap_or_default();
    let slash = after_first.iter().rposition(|byte| *byte == b'/');
    path.truncate(slash.map_or(1, |at| at.saturating_add(1)));
    path.len() > 1
}

/// Up to the last slash, and it.
fn folder(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/');
    slash.and_then(|at| path.get(..=at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_relative_to_the_request() {
        let base = Url::parse(b"http://us:pw@h:80/a/b?q#f").unwrap();
        for (location, expected) in [
            ("/x", "http://us:pw@h:80/x"),
            ("x", "http://us:pw@h:80/a/x"),
            ("../../x/./y/..", "http://us:pw@h:80/x/"),
            ("", "http://us:pw@h:80/a/b?q#f"),
            ("#g", "http://us:pw@h:80/a/b?q#g"),
            ("?r", "http://us:pw@h:80/a/b?r#"),
            ("//o/y", "http://o/y"),
            ("https://o", "https://o"),
            ("mailto:x", "mailto:x"),
            ("/..//x", "http://us:pw@h:80/x"),
            ("/.///x/../..", "http://us:pw@h:80//"),
        ] {
            let joined = base.join(location.as_bytes()).unwrap().written();
            let expected = expected.trim_end_matches('#');
            assert_eq!(String::from_utf8_lossy(&joined), expected, "{location}");
        }
    }
}
