//! Settings as a struct: texts, read as what serde asks for.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use std::fmt::{self, Display};
use std::str::FromStr;

use crate::{Error, Result};

/// All of `settings`, as a `T`.
pub(super) fn read<T: DeserializeOwned>(settings: Vec<(String, String)>) -> Result<T> {
    let named = settings.into_iter().map(|(key, text)| {
        let value = Text {
            key: key.clone(),
            text,
        };
        (key, value)
    });
    T::deserialize(MapDeserializer::new(named)).map_err(|why| Error::invalid_input(why.0))
}

/// The text of a setting.
struct Text {
    key: String,
    text: String,
}

impl Text {
    fn parse<T: FromStr>(&self, expected: &str) -> Result<T, Wrong> {
        let wrong = |_| {
            Wrong(format!(
                "setting {} is {:?}, not {expected}",
                self.key, self.text
            ))
        };
        self.text.trim().parse().map_err(wrong)
    }
}

/// What is wrong with a setting.
#[derive(Debug)]
struct Wrong(String);

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(text: T) -> Self {
        Self(text.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!(
            "setting {field} is missing (--config {field}=VALUE)"
        ))
    }
}

impl IntoDeserializer<'_, Wrong> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident $expected:literal)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            visitor.$visit(self.parse($expected)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text {
    type Error = Wrong;

    parsed! {
        deserialize_bool visit_bool "true or false"
        deserialize_char visit_char "one character"
        deserialize_f32 visit_f32 "a number"
        deserialize_f64 visit_f64 "a number"
        deserialize_i8 visit_i8 "an integer from -128 to 127"
        deserialize_i16 visit_i16 "an integer of 16 bits"
        deserialize_i32 visit_i32 "an integer of 32 bits"
        deserialize_i64 visit_i64 "an integer of 64 bits"
        deserialize_u8 visit_u8 "an integer from 0 to 255"
        deserialize_u16 visit_u16 "an integer from 0 to 65535"
        deserialize_u32 visit_u32 "an integer from 0, of 32 bits"
        deserialize_u64 visit_u64 "an integer from 0, of 64 bits"
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_string(self.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    /// Separated by commas; none where the text is empty.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let parts = self.text.split(',').map(str::trim);
        let items = parts.filter(|part| !part.is_empty()).map(|part| Text {
            key: self.key.clone(),
            text: part.to_owned(),
        });
        visitor.visit_seq(SeqDeserializer::new(items))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let text = self.text.trim();
        if !variants.contains(&text) {
            let (key, known) = (&self.key, variants.join(", "));
            return Err(Wrong(format!(
                "setting {key} is {text:?}, not one of {known}"
            )));
        }
        visitor.visit_enum(text.into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        i128 u128 str string bytes byte_buf unit unit_struct tuple tuple_struct map struct
        identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Fast,
        Safe,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Settings {
        #[serde(rename = "drain-url")]
        drain_url: String,
        seconds: Option<u32>,
        #[serde(default)]
        verbose: bool,
        #[serde(default)]
        ports: Vec<u16>,
        mode: Option<Mode>,
    }

    fn read(settings: &[(&str, &str)]) -> Result<Settings> {
        let owned = settings
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        super::read(owned.collect())
    }

    #[test]
    fn texts_become_what_the_fields_are() {
        let all = [
            ("drain-url", "http://127.0.0.1/drain"),
            ("seconds", " 5 "),
            ("verbose", "true"),
            ("ports", "80, 443"),
            ("mode", "safe"),
            ("of-others", "x"),
        ];
        let expected = Settings {
            drain_url: "http://127.0.0.1/drain".into(),
            seconds: Some(5),
            verbose: true,
            ports: vec![80, 443],
            mode: Some(Mode::Safe),
        };
        assert_eq!(read(&all), Ok(expected));
    }

    #[test]
    fn what_is_not_given_is_none_or_the_default() {
        let settings = read(&[("drain-url", "u"), ("ports", "")]).unwrap();
        assert_eq!((settings.seconds, settings.verbose), (None, false));
        assert!(settings.ports.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (
                vec![],
                "setting drain-url is missing (--config drain-url=VALUE)",
            ),
            (
                vec![("drain-url", "u"), ("seconds", "soon")],
                "setting seconds is \"soon\", not an integer from 0, of 32 bits",
            ),
            (
                vec![("drain-url", "u"), ("ports", "80,x")],
                "setting ports is \"x\", not an integer from 0 to 65535",
            ),
            (
                vec![("drain-url", "u"), ("mode", "slow")],
                "setting mode is \"slow\", not one of fast, safe",
            ),
        ];
        for (given, why) in cases {
            assert_eq!(read(&given), Err(Error::invalid_input(why)));
        }
    }
}
