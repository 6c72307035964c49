//! Kubernetes quantities: `500m`, `2`, `64Mi`, `1e3`, `1.5Gi`.
//!
//! Follows `k8s.io/apimachinery/pkg/api/resource`: decimal and binary suffixes,
//! decimal exponents; a value is rounded up when it is read in a coarser unit.

use std::str::FromStr;

/// The text is no quantity, or one that no limit can be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidQuantity {
    /// Not number and suffix.
    #[error("invalid quantity {0:?}: write a number and a suffix, like 500m or 64Mi")]
    Malformed(String),
    /// Below zero.
    #[error("quantity {0:?} is negative")]
    Negative(String),
    /// More than a 63-bit number of its unit.
    #[error("quantity {0:?} is too large")]
    TooLarge(String),
}

/// A quantity, kept in billionths (the finest Kubernetes knows).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    nano: u128,
}

const NANO: u128 = 1_000_000_000;

impl Quantity {
    /// Whole units, rounded up: bytes of `64Mi`.
    #[must_use]
    pub fn value(self) -> u64 {
        u64::try_from(self.nano.div_ceil(NANO)).unwrap_or(u64::MAX)
    }

    /// Thousandths, rounded up: milli-CPU of `500m`.
    #[must_use]
    pub fn milli_value(self) -> u64 {
        u64::try_from(self.nano.div_ceil(NANO / 1000)).unwrap_or(u64::MAX)
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        let malformed = || InvalidQuantity::Malformed(text.to_owned());
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let number_end = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(number_end);
        let scale = scale(suffix).ok_or_else(malformed)?;
        let nano = nano(number, scale).ok_or_else(malformed)?;
        match (negative, nano) {
            (true, Amount::Nano(nano)) if nano > 0 => {
                Err(InvalidQuantity::Negative(text.to_owned()))
            }
            (_, Amount::Nano(nano)) if nano / NANO <= i64::MAX as u128 => Ok(Self { nano }),
            (_, Amount::Nano(_) | Amount::TooLarge) => {
                Err(InvalidQuantity::TooLarge(text.to_owned()))
            }
        }
    }
}

/// What a suffix multiplies by, as `2^binary * 10^decimal`.
#[derive(Clone, Copy)]
struct Scale {
    binary: u32,
    decimal: i32,
}

fn scale(suffix: &str) -> Option<Scale> {
    let decimal = |decimal| Some(Scale { binary: 0, decimal });
    let binary = |binary| Some(Scale { binary, decimal: 0 });
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            decimal(digits.parse::<i16>().ok()?.into())
        }
    }
}

enum Amount {
    Nano(u128),
    TooLarge,
}

/// The number times its scale in billionths, rounded up; `None` for no number.
fn nano(number: &str, scale: Scale) -> Option<Amount> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let places = i32::try_from(fraction.len()).ok()?;
    if digits.is_empty() {
        return Some(Amount::Nano(0));
    }
    let Ok(mantissa) = digits.parse::<u128>() else {
        return Some(Amount::TooLarge);
    };
    let scaled = mantissa
        .checked_mul(1 << scale.binary)
        .and_then(|scaled| shift_decimal(scaled, scale.decimal + 9 - places));
    Some(scaled.map_or(Amount::TooLarge, Amount::Nano))
}

/// `value * 10^power`, rounded up; `None` where it does not fit.
fn shift_decimal(value: u128, power: i32) -> Option<u128> {
    let magnitude = 10_u128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        value.checked_mul(magnitude?)
    } else {
        Some(magnitude.map_or(1, |divisor| value.div_ceil(divisor)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_the_api_server_reads_them() {
        let table = [
            ("0", 0, 0),
            ("1", 1, 1000),
            ("2", 2, 2000),
            ("500m", 1, 500),
            ("0.5", 1, 500),
            (".5", 1, 500),
            ("100u", 1, 1),
            ("1n", 1, 1),
            ("64Mi", 67_108_864, 67_108_864_000),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000),
            ("1k", 1000, 1_000_000),
            ("1e3", 1000, 1_000_000),
            ("1E3", 1000, 1_000_000),
            ("1E", 1_000_000_000_000_000_000, u64::MAX),
            ("12e-1", 2, 1200),
            ("+5", 5, 5000),
            ("-0", 0, 0),
        ];
        for (text, value, milli) in table {
            let quantity = text.parse::<Quantity>().expect(text);
            assert_eq!(quantity.value(), value, "{text}");
            if milli != u64::MAX {
                assert_eq!(quantity.milli_value(), milli, "{text}");
            }
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", "m", "1x", "1 Mi", "1.2.3", "1ki", "0x10", "1e", "Mi", ".",
        ] {
            assert_eq!(
                text.parse::<Quantity>(),
                Err(InvalidQuantity::Malformed(text.to_owned()))
            );
        }
        assert_eq!(
            "-5".parse::<Quantity>(),
            Err(InvalidQuantity::Negative("-5".to_owned()))
        );
        for text in ["9Ei", "1e40", "99999999999999999999999999999999999999999"] {
            assert_eq!(
                text.parse::<Quantity>(),
                Err(InvalidQuantity::TooLarge(text.to_owned()))
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}") {
            let _ = text.parse::<Quantity>();
        }

        #[test]
        fn whole_numbers_are_themselves(value in 0..i64::MAX) {
            let quantity = value.to_string().parse::<Quantity>().unwrap();
            proptest::prop_assert_eq!(quantity.value(), value.unsigned_abs());
        }
    }
}
