//! Whether what stands in a URL's brackets is an IPv6 address, and what Go says of it
//! if not (`netip.ParseAddr`).
//!
//! Whoever writes `host: example.com:8080` reads this text, so it is theirs to the
//! letter. What the address leads to is not known here.

use super::cut;
use podhook_lifecycle::quote::quote;

/// What is wrong, and from where on.
type Fault<'t> = (&'static str, &'t [u8]);

/// `Err` holds the error as Go prints it.
pub(super) fn check(text: &[u8]) -> Result<(), String> {
    let sign = text.iter().find(|byte| b".:%".contains(byte));
    let checked = match sign {
        Some(b'.') => v4(text).and(Ok(Some("invalid IP-literal"))),
        Some(b':') => v6(text).and(Ok(None)),
        Some(_) => Err(("missing IPv6 address", &b""[..])),
        None => Err(("unable to parse IP", &b""[..])),
    };
    match checked {
        Ok(None) => Ok(()),
        Ok(Some(wrong_kind)) => Err(wrong_kind.to_owned()),
        Err((what, b"")) => Err(format!("invalid host: ParseAddr({}): {what}", quote(text))),
        Err((what, at)) => Err(format!(
            "invalid host: ParseAddr({}): {what} (at {})",
            quote(text),
            quote(at)
        )),
    }
}

fn v4(text: &[u8]) -> Result<(), Fault<'_>> {
    let (mut value, mut digits, mut dots) = (0_u32, 0, 0);
    let mut rest = text;
    while let [byte, left @ ..] = rest {
        match byte {
            b'0'..=b'9' if digits == 1 && value == 0 => {
                return Err(("IPv4 field has octet with leading zero", b""));
            }
            b'0'..=b'9' => {
                (value, digits) = (value * 10 + u32::from(byte - b'0'), digits + 1);
                if value > 255 {
                    return Err(("IPv4 field has value >255", b""));
                }
            }
            b'.' if digits == 0 || left.is_empty() => {
                return Err(("IPv4 field must have at least one digit", rest));
            }
            b'.' if dots == 3 => return Err(("IPv4 address too long", b"")),
            b'.' => (value, digits, dots) = (0, 0, dots + 1),
            _ => return Err(("unexpected character", rest)),
        }
        rest = left;
    }
    match dots {
        3 => Ok(()),
        _ => Err(("IPv4 address too short", b"")),
    }
}

fn v6(text: &[u8]) -> Result<(), Fault<'_>> {
    let mut rest = without_zone(text)?;
    let mut shortened = rest.starts_with(b"::");
    if shortened {
        rest = rest.get(2..).unwrap_or_default();
    }
    let mut bytes = 0;
    while bytes < 16 && !(rest.is_empty() && shortened) {
        let left = group(rest)?;
        if left.first() == Some(&b'.') {
            embedded(rest, bytes, shortened)?;
            (rest, bytes) = (b"", bytes + 4);
            break;
        }
        (rest, bytes) = (left, bytes + 2);
        if rest.is_empty() {
            break;
        }
        let (left, ellipsis) = separator(rest, shortened)?;
        (rest, shortened) = (left, shortened || ellipsis);
    }
    match (rest, shortened) {
        (b"", true) if bytes >= 16 => {
            Err(("the :: must expand to at least one field of zeros", b""))
        }
        (b"", false) if bytes < 16 => Err(("address string too short", b"")),
        (b"", _) => Ok(()),
        (garbage, _) => Err(("trailing garbage after address", garbage)),
    }
}

fn without_zone(text: &[u8]) -> Result<&[u8], Fault<'_>> {
    match cut(text, b'%') {
        Some((_, b"")) => Err(("zone must be a non-empty string", b"")),
        Some((address, _)) => Ok(address),
        None => Ok(text),
    }
}

/// What is left after up to four hexadecimal digits.
fn group(text: &[u8]) -> Result<&[u8], Fault<'_>> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit());
    match digits.count() {
        0 => Err((
            "each colon-separated field must have at least one digit",
            text,
        )),
        count @ 1..=4 => Ok(text.get(count..).unwrap_or_default()),
        _ => Err(("each group must have 4 or less digits", text)),
    }
}

/// The last 32 bits written as an IPv4 address; `text` begins with them.
fn embedded(text: &[u8], bytes: usize, shortened: bool) -> Result<(), Fault<'_>> {
    match bytes {
        _ if !shortened && bytes != 12 => Err((
            "embedded IPv4 address must replace the final 2 fields of the address",
            text,
        )),
        0..=12 => v4(text),
        _ => Err((
            "too many hex fields to fit an embedded IPv4 at the end of the address",
            text,
        )),
    }
}

/// What follows `:` or `::`, and which of the two it was.
fn separator(text: &[u8], shortened: bool) -> Result<(&[u8], bool), Fault<'_>> {
    match text {
        [b':'] => Err(("colon must be followed by more characters", text)),
        [b':', again @ ..] if shortened && again.starts_with(b":") => {
            Err(("multiple :: in address", again))
        }
        [b':', b':', left @ ..] => Ok((left, true)),
        [b':', left @ ..] => Ok((left, false)),
        _ => Err(("unexpected character, want colon", text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_let_through() {
        for text in [
            "::",
            "::1",
            "fe80::1%eth0",
            "1:2:3:4:5:6:7:8",
            "::ffff:1.2.3.4",
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_as_go_does() {
        for (text, expected) in [
            (
                "example.com:80",
                "unexpected character (at \"example.com:80\")",
            ),
            ("a:b", "address string too short"),
            (
                "x:80",
                "each colon-separated field must have at least one digit (at \"x:80\")",
            ),
            ("::1::", "multiple :: in address (at \":\")"),
            (
                "1:2:3:4:5:6:7:8:9",
                "trailing garbage after address (at \"9\")",
            ),
            (
                "1:2:3:4:5:6:7::8",
                "the :: must expand to at least one field of zeros",
            ),
            (
                "::12345",
                "each group must have 4 or less digits (at \"12345\")",
            ),
            ("::1%", "zone must be a non-empty string"),
            ("abc", "unable to parse IP"),
        ] {
            let quoted = quote(text.as_bytes());
            let expected = format!("invalid host: ParseAddr({quoted}): {expected}");
            assert_eq!(check(text.as_bytes()), Err(expected));
        }
        assert_eq!(check(b"1.2.3.4"), Err("invalid IP-literal".to_owned()));
    }
}
