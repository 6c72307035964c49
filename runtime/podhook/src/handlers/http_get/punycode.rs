//! Names that are not ASCII, as a resolver and a `Host` field have them.
//!
//! RFC 3492 label by label. Go also has Unicode's tables of what letters are alike and
//! which are no letters; of these there is lower case here, and no more.

use idna::punycode::encode_str;

/// Longer than any name there is; what is longer stays as it is.
const MAX_NAME: usize = 255;

/// For a resolver and TLS. What is no name of a host stays as it is, to be refused.
pub(super) fn lookup_name(name: &str) -> String {
    match !name.is_ascii() && name.split('.').all(is_label) {
        true => encoded(&name.to_lowercase()),
        false => name.to_owned(),
    }
}

/// Stricter than for names of ASCII alone, in which Go lets `_` pass.
fn is_label(label: &str) -> bool {
    let is_sign = |each: char| each.is_ascii() && !each.is_ascii_alphanumeric() && each != '-';
    let refused = |each: char| is_sign(each) || each.is_whitespace() || each.is_control();
    !(label.starts_with('-') || label.ends_with('-') || label.chars().any(refused))
}

/// For a `Host` field, where letters keep their case. Whatever the port is, it stays.
pub(super) fn host_field(host: &[u8]) -> Vec<u8> {
    let text = match std::str::from_utf8(host) {
        Ok(text) if !text.is_ascii() => text,
        Ok(_) | Err(_) => return host.to_vec(),
    };
    let halves = text.split_once(':');
    let encoded = match halves.filter(|(_, port)| !port.contains(':')) {
        Some((name, "")) => encoded(name),
        Some((name, port)) => format!("{}:{port}", encoded(name)),
        None => encoded(text),
    };
    encoded.into()
}

fn encoded(name: &str) -> String {
    if name.len() > MAX_NAME {
        return name.to_owned();
    }
    let labels = name.split('.').map(|label| match label.is_ascii() {
        true => label.to_owned(),
        false => match encode_str(label) {
            Some(encoded) => format!("xn--{encoded}"),
            None => label.to_owned(),
        },
    });
    labels.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_a_resolver_has_them() {
        for (name, expected) in [
            ("Foo.example", "Foo.example"),
            ("ü", "xn--tda"),
            ("BÜCHER.example.", "xn--bcher-kva.example."),
            ("日本.example", "xn--wgv71a.example"),
            ("a.ليهمابتكلموشعربي؟", "a.xn--egbpdaj6bu4bxfgehfvwxn"),
            ("3年B組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"),
        ] {
            assert_eq!(lookup_name(name), expected);
        }
        let long = "ü".repeat(200);
        for name in ["ü_", "-ü", "a.ü-", "ü%lo", "ü x", "\u{2028}", "_x", &long] {
            assert_eq!(lookup_name(name), name);
        }
    }

    #[test]
    fn a_host_field_has_a_port() {
        for (host, expected) in [
            ("ü:80", "xn--tda:80"),
            ("ü:", "xn--tda"),
            ("Aü.B", "xn--A-eha.B"),
            ("h:", "h:"),
            ("\u{80}", "xn--a"),
        ] {
            assert_eq!(host_field(host.as_bytes()), expected.as_bytes());
        }
        assert_eq!(host_field(b"\xff"), b"\xff");
    }
}
