//! What a YAML scalar means to Kubernetes: YAML 1.1, as `sigs.k8s.io/yaml` reads it.
//!
//! So `on` is true, `0777` is 511 and `2001-01-01` is text. Where it stands is not
//! known here.

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::Value;

/// The value of a scalar; what is quoted is text unless a tag says otherwise.
pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    match tag {
        None if style == ScalarStyle::Plain => plain(text),
        None => Ok(text.into()),
        Some(tag) => tagged(text, tag),
    }
}

fn tagged(text: &str, tag: &Tag) -> Result<Value, String> {
    let name = match tag.is_yaml_core_schema() {
        true => tag.suffix.as_str(),
        // `!` alone: not to be resolved.
        false if tag.handle.is_empty() && tag.suffix == "!" => "str",
        false => "",
    };
    let value = match name {
        "str" => return Ok(text.into()),
        "null" | "bool" | "int" | "float" => plain(text)?,
        _ => return Err(format!("tag {tag} is not known")),
    };
    let fits = match &value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "bool",
        Value::Number(number) => name == "float" || !number.is_f64(),
        Value::String(_) | Value::Array(_) | Value::Object(_) => false,
    };
    match fits {
        true => Ok(value),
        false => Err(format!("{text:?} is no {name}")),
    }
}

/// The value of a scalar that is not quoted.
fn plain(text: &str) -> Result<Value, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            true.into()
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            false.into()
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => return Err(format!("{text} is no number that JSON has")),
        text => number(text).unwrap_or_else(|| text.into()),
    })
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

/// Go's `ParseInt` with base 0, which takes a leading 0 for octal.
fn integer(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { "-" } else { "" };
    let (digits, radix) = match unsigned.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (unsigned.get(2..)?, 16),
        Some("0o") => (unsigned.get(2..)?, 8),
        Some("0b") => (unsigned.get(2..)?, 2),
        Some(two) if two.starts_with('0') => (unsigned.get(1..)?, 8),
        Some(_) | None => (unsigned, 10),
    };
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let signed = i64::from_str_radix(&format!("{sign}{digits}"), radix);
    let large = || u64::from_str_radix(digits, radix).ok().map(Value::from);
    match signed {
        Ok(value) => Some(value.into()),
        Err(_) if unsigned.len() == text.len() => large(),
        Err(_) => None,
    }
}

/// A whole one is an integer from here on, as it is in the JSON that the API gets.
fn float(text: &str) -> Option<Value> {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    if !text.chars().all(numeric) {
        return None;
    }
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
    match value.to_string().parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => Some(value.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_are_those_of_yaml_1_1() {
        let table = [
            ("", json!(null)),
            ("~", json!(null)),
            ("Null", json!(null)),
            ("y", json!(true)),
            ("On", json!(true)),
            ("NO", json!(false)),
            ("yEs", json!("yEs")),
            ("80", json!(80)),
            ("-3", json!(-3)),
            ("+3", json!(3)),
            ("1_000", json!(1000)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("0777", json!(511)),
            ("08", json!(8)),
            ("0b11", json!(3)),
            ("-0b11", json!(-3)),
            ("18446744073709551615", json!(u64::MAX)),
            ("0.5", json!(0.5)),
            (".5", json!(0.5)),
            ("30.0", json!(30)),
            ("1e3", json!(1000)),
            ("1e400", json!("1e400")),
            ("1.2.3", json!("1.2.3")),
            ("0x", json!("0x")),
            ("0x-1", json!("0x-1")),
            ("-", json!("-")),
            (".", json!(".")),
            ("1:30", json!("1:30")),
            ("2001-01-01", json!("2001-01-01")),
            ("500m", json!("500m")),
            ("infinity", json!("infinity")),
            ("nginx:1", json!("nginx:1")),
        ];
        for (text, value) in table {
            assert_eq!(plain(text), Ok(value), "{text}");
        }
        assert!(plain(".nan").is_err());
        let quoted = scalar("80", ScalarStyle::DoubleQuoted, None);
        assert_eq!(quoted, Ok(json!("80")));
    }

    #[test]
    fn tags_decide() {
        let tag = |suffix: &str| Tag {
            handle: "tag:yaml.org,2002:".to_owned(),
            suffix: suffix.to_owned(),
        };
        let plain = |text, suffix| scalar(text, ScalarStyle::Plain, Some(&tag(suffix)));
        assert_eq!(plain("80", "str"), Ok(json!("80")));
        assert_eq!(plain("80", "int"), Ok(json!(80)));
        assert_eq!(plain("x", "int"), Err("\"x\" is no int".to_owned()));
        assert!(plain("x", "binary").is_err());
    }
}
