//! Durations as Go and so Kubernetes write them: `300ms`, `1.5s`, `1h30m`.
//!
//! Follows Go's `time.ParseDuration`, without signs: no span here is negative.

use std::time::Duration;

/// The text is no duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidDuration {
    /// Not number and unit, in turn.
    #[error("invalid duration {0:?}: write number and unit (ns, us, ms, s, m, h), like 1m30s")]
    Malformed(String),
    /// More than fits.
    #[error("duration {0:?} is too long")]
    TooLong(String),
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Writes a duration as Go does: `1m20s`, `1.5s`, `300ms`, `0s`.
#[must_use]
pub fn text(span: Duration) -> String {
    let nanos = span.subsec_nanos();
    if span.as_secs() == 0 && nanos > 0 {
        let (unit, scale) = match nanos {
            1_000_000.. => ("ms", 1_000_000),
            1_000.. => ("µs", 1_000),
            _ => ("ns", 1),
        };
        return format!(
            "{}{unit}",
            with_fraction(u64::from(nanos / scale), nanos % scale, scale)
        );
    }
    let (minutes, seconds) = (span.as_secs() / 60, span.as_secs() % 60);
    let seconds = with_fraction(seconds, nanos, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// `whole.rest`, where `rest` of `scale` is a decimal fraction.
fn with_fraction(whole: u64, rest: u32, scale: u32) -> String {
    if rest == 0 {
        return whole.to_string();
    }
    let digits = scale.ilog10() as usize;
    let fraction = format!("{rest:0digits$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// Reads a duration; `0` needs no unit.
///
/// # Errors
/// [`InvalidDuration`] with the text.
pub fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let malformed = || InvalidDuration::Malformed(text.to_owned());
    let mut rest = text;
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let digits_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(malformed)?;
        let (number, tail) = rest.split_at(digits_end);
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let scale = UNITS
            .iter()
            .find_map(|(name, scale)| (*name == unit).then_some(*scale))
            .ok_or_else(malformed)?;
        let part = scaled(number, scale).ok_or_else(malformed)?;
        nanos = nanos.saturating_add(part);
        rest = tail;
    }
    match u64::try_from(nanos) {
        Ok(0) if text.is_empty() => Err(malformed()),
        // Less than a nanosecond is not nothing: 0 may mean "no limit".
        Ok(0) if text.contains(|c| matches!(c, '1'..='9')) => Ok(Duration::from_nanos(1)),
        Ok(nanos) => Ok(Duration::from_nanos(nanos)),
        Err(_) => Err(InvalidDuration::TooLong(text.to_owned())),
    }
}

/// `number` times `scale`, digits below one nanosecond dropped.
fn scaled(number: &str, scale: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 30 {
        return None;
    }
    let mut value = match whole {
        "" => 0,
        digits => digits.parse::<u128>().ok()?.saturating_mul(scale.into()),
    };
    let mut place = u128::from(scale);
    for digit in fraction.chars() {
        place /= 10;
        value = value.saturating_add(place.saturating_mul(digit.to_digit(10)?.into()));
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_go_s() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (300_000_000, "300ms"),
            (1_500_000_000, "1.5s"),
            (80_000_000_000, "1m20s"),
            (300_000_000_000, "5m0s"),
            (3_600_000_000_000, "1h0m0s"),
        ] {
            assert_eq!(super::text(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let table = [
            ("0", 0),
            ("0s", 0),
            ("5s", 5_000_000_000),
            ("100ms", 100_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1h", 3_600_000_000_000),
            ("7us", 7_000),
            ("7µs", 7_000),
            ("0.000000001s", 1),
            ("0.1ns", 1),
        ];
        for (text, nanos) in table {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "5", "s", "-1s", "1d", "1s5", "1..5s", ".s", "1 s", "١s"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            parse("99999999h"),
            Err(InvalidDuration::TooLong("99999999h".to_owned()))
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
