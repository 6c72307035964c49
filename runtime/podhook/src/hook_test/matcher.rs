//! What a text is to be.

use super::written::OneOrMore;
use serde::Deserialize;
use serde_json::Value;

/// `done`, `{contains: done}`, `{contains: [a, b]}` or `{json: {done: true}}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Matcher {
    Whole(String),
    Contains(Contains),
    Json(Json),
}

impl TryFrom<Value> for Matcher {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let read = |why: serde_json::Error| why.to_string();
        match value {
            Value::String(text) => Ok(Self::Whole(text)),
            Value::Object(fields) if fields.contains_key("json") => {
                let json = serde_json::from_value(Value::Object(fields));
                json.map(Self::Json).map_err(read)
            }
            Value::Object(fields) => {
                let contains = serde_json::from_value(Value::Object(fields));
                contains.map(Self::Contains).map_err(read)
            }
            Value::Number(_) | Value::Bool(_) => {
                Err(format!("{value} is no text; quote it: \"{value}\""))
            }
            Value::Null | Value::Array(_) => Err(
                "write a text, {contains: TEXT}, {contains: [TEXT, …]} or {json: VALUE}".to_owned(),
            ),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contains {
    contains: OneOrMore<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Json {
    json: Value,
}

impl Matcher {
    /// What is wrong with `text`; nothing where it is as wanted.
    pub(super) fn difference(&self, text: &str) -> Option<String> {
        let wanted = match self {
            Self::Whole(whole) if whole == text => return None,
            Self::Whole(whole) => format!("{whole:?}"),
            Self::Contains(Contains { contains }) => {
                let parts = contains.0.clone();
                let missing = parts
                    .into_iter()
                    .find(|part| !text.contains(part.as_str()))?;
                format!("something with {missing:?}")
            }
            Self::Json(Json { json }) => match serde_json::from_str::<Value>(text) {
                Ok(value) if value == *json => return None,
                Ok(_) | Err(_) => json.to_string(),
            },
        };
        Some(format!("wanted {wanted}, was {text:?}"))
    }

    /// For a person.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Whole(whole) => format!("{whole:?}"),
            Self::Contains(Contains { contains }) => format!("something with {:?}", contains.0),
            Self::Json(Json { json }) => json.to_string(),
        }
    }

    /// The same for bytes that are to be text.
    pub(super) fn difference_of_bytes(&self, bytes: &[u8]) -> Option<String> {
        self.difference(&String::from_utf8_lossy(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(matcher: &str, text: &str) -> Option<String> {
        let matcher: Matcher = serde_json::from_str(matcher).unwrap();
        matcher.difference(text)
    }

    #[test]
    fn a_text_is_whole_or_has_parts_or_is_json() {
        assert_eq!(difference(r#""done""#, "done"), None);
        assert_eq!(
            difference(r#""done""#, "don't").unwrap(),
            r#"wanted "done", was "don't""#
        );
        assert_eq!(difference(r#"{"contains": ["a", "c"]}"#, "abc"), None);
        assert_eq!(
            difference(r#"{"contains": "x"}"#, "abc").unwrap(),
            r#"wanted something with "x", was "abc""#
        );
        assert_eq!(difference(r#"{"json": {"a": [1]}}"#, " {\"a\":[1] }"), None);
        assert!(difference(r#"{"json": {"a": [1]}}"#, "{").is_some());
        let wrong = |text| {
            serde_json::from_str::<Matcher>(text)
                .unwrap_err()
                .to_string()
        };
        assert!(
            wrong(r#"{"matches": "x"}"#).contains("unknown field `matches`, expected `contains`")
        );
        assert_eq!(wrong("20"), "20 is no text; quote it: \"20\"");
    }
}
