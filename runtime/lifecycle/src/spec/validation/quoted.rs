//! Text in quotes as Go's `%q` writes it.

/// `text` as a Go string literal: one line, with what cannot be seen escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    text.chars().for_each(|c| push(&mut quoted, c));
    quoted.push('"');
    quoted
}

fn push(quoted: &mut String, c: char) {
    match c {
        '"' => quoted.push_str("\\\""),
        '\\' => quoted.push_str("\\\\"),
        '\x07' => quoted.push_str("\\a"),
        '\x08' => quoted.push_str("\\b"),
        '\x0c' => quoted.push_str("\\f"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        '\x0b' => quoted.push_str("\\v"),
        c if is_printable(c) => quoted.push(c),
        c => quoted.push_str(&by_number(u32::from(c))),
    }
}

/// A mark counts as printable where it follows something, so something precedes.
fn is_printable(c: char) -> bool {
    let pair: String = ['x', c].iter().collect();
    c == '\'' || pair.escape_debug().eq(['x', c])
}

fn by_number(c: u32) -> String {
    match c {
        0..0x80 => format!("\\x{c:02x}"),
        0x80..0x10000 => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_it() {
        let table = [
            ("http", r#""http""#),
            ("a\"b\\c'd", r#""a\"b\\c'd""#),
            ("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
            ("\x00\x1b\x7f", r#""\x00\x1b\x7f""#),
            ("é 漢 🙂 e\u{301}", "\"é 漢 🙂 e\u{301}\""),
            (
                "\u{85}\u{a0}\u{202e}\u{e0001}",
                r#""\u0085\u00a0\u202e\U000e0001""#,
            ),
        ];
        for (text, go) in table {
            assert_eq!(quoted(text), go);
        }
    }
}
