//! Why a hook did not succeed, in the words the host understands.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::{self, Display};

use crate::http;

/// What a hook returns.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Why a hook did not succeed: a kind, which decides the exit status, and a text.
///
/// `?` makes one of any standard error, with its sources: [`Failed`](ErrorKind::Failed), or
/// [`Retryable`](ErrorKind::Retryable) for what HTTP has that may pass
/// ([`http::Error::is_retryable`]). For that it is not itself a [`std::error::Error`].
///
/// ```
/// use podhook::{Error, ErrorKind, Result, config, testing::Mock};
///
/// fn port() -> Result<u16> {
///     let port = config::require("port")?;
///     port.parse().map_err(|why| Error::invalid_input(format_args!("port {port:?}: {why}")))
/// }
///
/// let _host = Mock::new().config("port", "http");
/// assert_eq!(port().unwrap_err().kind(), ErrorKind::InvalidInput);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

/// What the host is to make of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Final: calling again would not help. Exit status 1.
    Failed,
    /// Might succeed if called again. Exit status 75.
    Retryable,
    /// The configuration or the arguments are wrong. Exit status 64.
    InvalidInput,
}

impl Error {
    /// A final failure. The text is printed in its alternate form (`{:#}`), in which
    /// `anyhow` shows its causes.
    pub fn failed(text: impl Display) -> Self {
        Self::new(ErrorKind::Failed, text)
    }

    /// A failure that might not happen if the hook were called again.
    pub fn retryable(text: impl Display) -> Self {
        Self::new(ErrorKind::Retryable, text)
    }

    /// Settings or arguments the hook cannot work with.
    pub fn invalid_input(text: impl Display) -> Self {
        Self::new(ErrorKind::InvalidInput, text)
    }

    /// What the host is to make of it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn new(kind: ErrorKind, text: impl Display) -> Self {
        Self {
            kind,
            text: format!("{text:#}"),
        }
    }

    /// An error of any type a hook may return: this one keeps its kind, a boxed one
    /// shows its sources, others are as they print.
    pub(crate) fn of<E: Display + 'static>(err: E) -> Self {
        let any: &dyn Any = &err;
        if let Some(own) = any.downcast_ref::<Self>() {
            return own.clone();
        }
        match boxed(any) {
            Some(err) => Self::failed(chain(err)),
            None => Self::failed(err),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: StdError + 'static> From<E> for Error {
    fn from(err: E) -> Self {
        let http = (&err as &dyn Any).downcast_ref::<http::Error>();
        match http.is_some_and(http::Error::is_retryable) {
            true => Self::retryable(chain(&err)),
            false => Self::failed(chain(&err)),
        }
    }
}

fn boxed(any: &dyn Any) -> Option<&(dyn StdError + 'static)> {
    if let Some(err) = any.downcast_ref::<Box<dyn StdError>>() {
        return Some(err.as_ref());
    }
    let err = any.downcast_ref::<Box<dyn StdError + Send + Sync>>()?;
    Some(err.as_ref())
}

/// `a: b: c`. A cause the text already ends with is left out: many errors print
/// their source themselves.
fn chain(err: &(dyn StdError + 'static)) -> String {
    let (mut text, mut source) = (err.to_string(), err.source());
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Layer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|layer| layer as _)
        }
    }

    fn layers(texts: &[&'static str]) -> Layer {
        let mut texts = texts.iter().rev();
        let last = Layer(texts.next().unwrap(), None);
        texts.fold(last, |inner, text| Layer(text, Some(Box::new(inner))))
    }

    struct Alternate;

    impl Display for Alternate {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(if f.alternate() { "long: story" } else { "long" })
        }
    }

    #[test]
    fn a_standard_error_shows_each_source_once() {
        let cases: [(&[&str], &str); 4] = [
            (&["a"], "a"),
            (&["a", "b", "c"], "a: b: c"),
            (&["a: b", "b", "c"], "a: b: c"),
            (&["a: b: c", "b: c", "c"], "a: b: c"),
        ];
        for (texts, expected) in cases {
            assert_eq!(Error::from(layers(texts)), Error::failed(expected));
        }
    }

    #[test]
    fn question_mark_takes_standard_errors() {
        fn parse(text: &str) -> Result<u32> {
            Ok(text.parse()?)
        }
        assert_eq!(parse("7"), Ok(7));
        assert_eq!(
            parse("x").unwrap_err(),
            Error::failed("invalid digit found in string")
        );
    }

    #[test]
    fn constructors_set_the_kind() {
        assert_eq!(Error::failed("x").kind(), ErrorKind::Failed);
        assert_eq!(Error::retryable("x").kind(), ErrorKind::Retryable);
        assert_eq!(Error::invalid_input("x").kind(), ErrorKind::InvalidInput);
        assert_eq!(Error::retryable("x").to_string(), "x");
    }

    #[test]
    fn a_returned_error_keeps_its_kind_and_shows_its_causes() {
        let boxed: Box<dyn StdError> = Box::new(layers(&["a", "b"]));
        let sendable: Box<dyn StdError + Send + Sync> = "plain".into();
        assert_eq!(
            Error::of(Error::retryable("again")),
            Error::retryable("again")
        );
        assert_eq!(Error::of(boxed), Error::failed("a: b"));
        assert_eq!(Error::of(sendable), Error::failed("plain"));
        assert_eq!(Error::of("text".to_owned()), Error::failed("text"));
        assert_eq!(Error::of(Alternate), Error::failed("long: story"));
    }
}
