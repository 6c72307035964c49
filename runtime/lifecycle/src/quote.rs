//! Text as Go quotes it (`%q`), which is how it stands in every error of the kubelet.
//!
//! Knows bytes, because what servers, commands and paths bring need not be UTF-8. What
//! a text means is not known here.

use std::fmt::Write;

/// `bytes` in double quotes, as `strconv.Quote` has them.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len().saturating_add(2));
    quoted.push('"');
    for chunk in bytes.utf8_chunks() {
        for each in chunk.valid().chars() {
            push_char(&mut quoted, each);
        }
        for byte in chunk.invalid() {
            push(&mut quoted, format_args!("\\x{byte:02x}"));
        }
    }
    quoted.push('"');
    quoted
}

/// What `quoted` says, as `strconv.Unquote` reads a text in double quotes; `None` where
/// it is none, or says something that is not UTF-8.
#[must_use]
pub fn unquote(quoted: &str) -> Option<String> {
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(at) = rest.find(['\\', '"']) {
        let (plain, escaped) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        rest = unescape(escaped.strip_prefix('\\')?, &mut bytes)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

/// Reads what stands behind a backslash; returns what stands behind that.
fn unescape<'q>(escaped: &'q str, bytes: &mut Vec<u8>) -> Option<&'q str> {
    let letter = escaped.chars().next()?;
    let (digits, radix, rest) = match letter {
        'x' => (2, 16, escaped.get(1..)?),
        'u' => (4, 16, escaped.get(1..)?),
        'U' => (8, 16, escaped.get(1..)?),
        '0'..='7' => (3, 8, escaped),
        _ => {
            bytes.push(unshort(letter)?);
            return escaped.get(1..);
        }
    };
    let number = rest.get(..digits)?;
    let number = u32::from_str_radix(number, radix).ok()?;
    match letter {
        'u' | 'U' => {
            let mut room = [0; 4];
            let text = char::from_u32(number)?.encode_utf8(&mut room);
            bytes.extend_from_slice(text.as_bytes());
        }
        _ => bytes.push(u8::try_from(number).ok()?),
    }
    rest.get(digits..)
}

fn unshort(letter: char) -> Option<u8> {
    Some(match letter {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' | '"' => u8::try_from(letter).ok()?,
        _ => return None,
    })
}

/// A list as `%q` prints it: `["a" "b"]`.
#[must_use]
pub fn quote_all(values: &[Vec<u8>]) -> String {
    let each: Vec<String> = values.iter().map(|value| quote(value)).collect();
    format!("[{}]", each.join(" "))
}

fn push_char(quoted: &mut String, each: char) {
    match (short(each), u32::from(each)) {
        (Some(letter), _) => quoted.extend(['\\', letter]),
        (None, code @ (0..0x20 | 0x7f)) => push(quoted, format_args!("\\x{code:02x}")),
        (None, _) if is_printed(each) => quoted.push(each),
        (None, code @ 0..0x1_0000) => push(quoted, format_args!("\\u{code:04x}")),
        (None, code) => push(quoted, format_args!("\\U{code:08x}")),
    }
}

/// The letter that stands for `each` after a backslash.
fn short(each: char) -> Option<char> {
    Some(match each {
        '"' | '\\' => each,
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        _ => return None,
    })
}

/// Whether Go prints it as it is. Rust escapes the same characters, and besides those
/// that would cling to a quote, unless they follow another character.
fn is_printed(each: char) -> bool {
    let after_another = ['a', each].iter().collect::<String>();
    after_another.escape_debug().count() == 2 || each == '\''
}

fn push(quoted: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = quoted.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_can_be_read() {
        for text in ["", "a\"b\\c", "\n\t\u{7}\u{1}\u{7f}", "é\u{200b}\u{10ffff}"] {
            assert_eq!(unquote(&quote(text.as_bytes())).as_deref(), Some(text));
        }
        assert_eq!(unquote(r#""\101\x42""#).as_deref(), Some("AB"));
        for text in [
            "",
            "\"",
            "a",
            "\"a",
            r#""\"#,
            r#""\""#,
            r#""\q""#,
            r#""a"b""#,
            r#""\400""#,
            r#""\xff""#,
            r#""\u12""#,
        ] {
            assert_eq!(unquote(text), None, "{text}");
        }
    }

    #[test]
    fn quoted_as_go_does() {
        for (text, expected) in [
            ("web", r#""web""#),
            ("it's \"a\" \\", r#""it's \"a\" \\""#),
            (
                "\n\r\t\x0b\x0c\x07\x08\x00\x7f",
                r#""\n\r\t\v\f\a\b\x00\x7f""#,
            ),
            ("ü 世 e\u{301}", "\"ü 世 e\u{301}\""),
            (
                "\u{301}\u{a0}\u{200b}\u{feff}",
                "\"\u{301}\\u00a0\\u200b\\ufeff\"",
            ),
            ("\u{1f600}\u{e0001}", "\"\u{1f600}\\U000e0001\""),
        ] {
            assert_eq!(quote(text.as_bytes()), expected);
        }
        assert_eq!(quote(b"a\xff\xc3"), r#""a\xff\xc3""#);
        assert_eq!(quote_all(&[b"1".to_vec(), b"2".to_vec()]), r#"["1" "2"]"#);
    }
}
