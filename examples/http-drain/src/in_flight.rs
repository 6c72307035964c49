//! How applications say how much they still have to do.

/// The number in `7` or `{"inFlight": 7}`; other members do not matter.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    text.parse().ok().or_else(|| member(text))
}

/// Reads one number out of an object, for which a JSON parser would be larger than
/// the rest of the hook.
fn member(json: &str) -> Option<u64> {
    let (_, rest) = json.split_once("\"inFlight\"")?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_objects_are_read() {
        let cases = [
            ("0", Some(0)),
            (" 12\n", Some(12)),
            (r#"{"inFlight":3}"#, Some(3)),
            ("{\n  \"up\": true,\n  \"inFlight\" : 40\n}\n", Some(40)),
            (r#"{"inFlight": -1}"#, None),
            (r#"{"inFlight": "3"}"#, None),
            (r#"{"requests": 3}"#, None),
            ("busy", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
