//! Text of guests and files in lines of ours.

/// Bytes of one line of ours.
const MAX_LINE: usize = 8192;

/// One line, whatever a guest or a file wrote: what moves a cursor, colours a screen
/// or turns the direction of text is escaped.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if line.len() > MAX_LINE {
            line.push('…');
            break;
        }
        match c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_text_reaches_a_terminal() {
        assert_eq!(
            one_line("a\x1b[31m\r\nb\u{202e}c é"),
            "a\\u{1b}[31m\\r\\nb\\u{202e}c é"
        );
        assert!(one_line(&"x".repeat(1 << 20)).len() <= MAX_LINE + 8);
    }
}
