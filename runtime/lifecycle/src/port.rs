//! R45: the port of an action, out of a number, a port's name, or a number in quotes.
//!
//! Knows this container's ports alone. What listens there is not known here.

use crate::quote::quote;
use crate::spec::{ContainerPort, IntOrString};

/// R45: a number stands for itself; a text is the first port of that name, and only
/// then a number.
///
/// # Errors
/// The kubelet's own text, as it stands in the hook's error.
pub fn resolve(port: &IntOrString, ports: &[ContainerPort]) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => match named(text, ports) {
            Some(number) => i64::from(number),
            None => atoi(text)?,
        },
    };
    match u16::try_from(number) {
        Ok(port) if port > 0 => Ok(port),
        Ok(_) | Err(_) => Err(format!("invalid port number: {number}")),
    }
}

/// A port without a name is one whose name is empty, to the kubelet.
fn named(name: &str, ports: &[ContainerPort]) -> Option<i32> {
    let mut of_name = ports
        .iter()
        .filter(|port| port.name.as_deref().unwrap_or_default() == name);
    of_name.next().map(|port| port.container_port)
}

/// `strconv.Atoi`, with its errors.
fn atoi(text: &str) -> Result<i64, String> {
    let refused = |why| {
        let quoted = quote(text.as_bytes());
        Err(format!("strconv.Atoi: parsing {quoted}: {why}"))
    };
    let (sign, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    if digits.is_empty() {
        return refused("invalid syntax");
    }
    let mut number: i128 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return refused("invalid syntax");
        }
        number = number * 10 + i128::from(digit - b'0');
        if number > i128::from(u64::MAX) {
            return refused("value out of range");
        }
    }
    i64::try_from(sign * number).or_else(|_| refused("value out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<u16, String> {
        let port = |name: Option<&str>, container_port| ContainerPort {
            name: name.map(str::to_owned),
            container_port,
        };
        let ports = [
            port(Some("quux"), 8080),
            port(Some("70"), 7000),
            port(Some("quux"), 1),
            port(Some("far"), 70000),
        ];
        resolve(&IntOrString::String(text.to_owned()), &ports)
    }

    #[test]
    fn names_come_before_numbers() {
        assert_eq!(resolve(&IntOrString::Int(8080), &[]), Ok(8080));
        for (text, port) in [("quux", 8080), ("70", 7000), ("71", 71), ("+72", 72)] {
            assert_eq!(of(text), Ok(port), "{text}");
        }
    }

    #[test]
    fn an_empty_name_is_the_name_of_an_unnamed_port() {
        let unnamed = ContainerPort {
            name: None,
            container_port: 81,
        };
        let empty = IntOrString::String(String::new());
        assert_eq!(resolve(&empty, &[unnamed]), Ok(81));
    }

    #[test]
    fn errors_are_those_of_go() {
        for (text, expected) in [
            ("", "strconv.Atoi: parsing \"\": invalid syntax"),
            ("web", "strconv.Atoi: parsing \"web\": invalid syntax"),
            ("-", "strconv.Atoi: parsing \"-\": invalid syntax"),
            ("1_0", "strconv.Atoi: parsing \"1_0\": invalid syntax"),
            (
                "99999999999999999999",
                "strconv.Atoi: parsing \"99999999999999999999\": value out of range",
            ),
            (
                "-9223372036854775809",
                "strconv.Atoi: parsing \"-9223372036854775809\": value out of range",
            ),
            ("-5", "invalid port number: -5"),
            ("0", "invalid port number: 0"),
            ("65536", "invalid port number: 65536"),
            ("far", "invalid port number: 70000"),
        ] {
            assert_eq!(of(text), Err(expected.to_owned()), "{text}");
        }
    }
}
