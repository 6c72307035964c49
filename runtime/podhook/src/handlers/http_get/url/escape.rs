//! Percent-encoding, part of a URL by part, as Go's `net/url` does it.
//!
//! Go departs from RFC 3986 in places (`'` is escaped in a path, `"` is not in a host);
//! those are kept, because they are on the wire. What the parts are for is not known
//! here.

use podhook_lifecycle::quote::quote;

/// Where in a URL a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    Zone,
    Userinfo,
    Fragment,
}

impl Part {
    /// Whether `byte` stands for itself in this part.
    pub(super) fn keeps(self, byte: u8) -> bool {
        let also: &[u8] = match self {
            Self::Path => b"$&+,/:;=@",
            Self::Host | Self::Zone => b"!$&'()*+,;=:[]<>\"",
            Self::Userinfo => b"$&+,;=",
            Self::Fragment => b"$&+,/:;=?@!()*",
        };
        byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || also.contains(&byte)
    }

    /// What a `%XX` may not stand for here: hosts are names or addresses, and only what
    /// is no ASCII may be hidden in them.
    fn refuses(self, value: u8) -> bool {
        match self {
            Self::Host => value < 0x80 && value != b'%',
            Self::Zone => value != b'%' && value != b' ' && !Self::Host.keeps(value),
            Self::Path | Self::Userinfo | Self::Fragment => false,
        }
    }

    fn is_host(self) -> bool {
        matches!(self, Self::Host | Self::Zone)
    }
}

pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        match part.keeps(*byte) {
            true => escaped.push(*byte),
            false => escaped.extend(format!("%{byte:02X}").bytes()),
        }
    }
    escaped
}

/// Every `%XX` replaced by what it stands for; errors as Go words them.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, left @ ..]) => {
                let value = hex(*high, *low).filter(|value| !part.refuses(*value));
                plain.push(value.ok_or_else(|| bad_escape(rest))?);
                left
            }
            (b'%', _) => return Err(bad_escape(rest)),
            (byte, _) if part.is_host() && byte.is_ascii() && !part.keeps(*byte) => {
                return Err(bad_host(*byte));
            }
            (byte, left) => {
                plain.push(*byte);
                left
            }
        };
    }
    Ok(plain)
}

fn bad_escape(from: &[u8]) -> String {
    let shown = from.get(..3).unwrap_or(from);
    format!("invalid URL escape {}", quote(shown))
}

fn bad_host(byte: u8) -> String {
    format!("invalid character {} in host name", quote(&[byte]))
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// Whether `text` may stand as it is, though [`escape`] would have written it
/// otherwise.
pub(super) fn is_encoded(text: &[u8], part: Part) -> bool {
    text.iter()
        .all(|byte| b"!$&'()*+,;=:@[]%".contains(byte) || part.keeps(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_keeps_its_own() {
        let all: Vec<u8> = (b'!'..=b'~').collect();
        let kept = |part: Part| {
            let kept = all.iter().filter(|byte| part.keeps(**byte));
            let signs = kept.filter(|byte| byte.is_ascii_punctuation());
            signs.map(|byte| char::from(*byte)).collect::<String>()
        };
        assert_eq!(kept(Part::Path), "$&+,-./:;=@_~");
        assert_eq!(kept(Part::Userinfo), "$&+,-.;=_~");
        assert_eq!(kept(Part::Fragment), "!$&()*+,-./:;=?@_~");
        assert_eq!(kept(Part::Host), "!\"$&'()*+,-.:;<=>[]_~");
    }

    #[test]
    fn what_cannot_be_unescaped() {
        let failed = |text: &str, part| unescape(text.as_bytes(), part).unwrap_err();
        assert_eq!(failed("/%zz/2", Part::Path), "invalid URL escape \"%zz\"");
        assert_eq!(failed("/%2", Part::Path), "invalid URL escape \"%2\"");
        assert_eq!(failed("a%41", Part::Host), "invalid URL escape \"%41\"");
        assert_eq!(
            failed("a b", Part::Host),
            "invalid character \" \" in host name"
        );
        assert_eq!(unescape(b"%C3%BC+", Part::Path), Ok("ü+".into()));
    }
}
