//! Words of a command line, one after the other.
//!
//! For a process that lives for a fraction of a millisecond, and for command lines in a
//! pod; people are served by clap, which says the same (a test holds the two together).

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// A word that is no option, or an option without what it needs.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Misspelt {
    /// An option that there is not.
    #[error("unexpected argument '{0}' found")]
    Unknown(String),
    /// A value that its option does not take.
    #[error("invalid value '{text}' for '{option}': {why}")]
    Value {
        /// Which.
        option: String,
        /// Its value.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// What the lexer says.
    #[error("{0}")]
    Word(String),
}

impl From<lexopt::Error> for Misspelt {
    fn from(error: lexopt::Error) -> Self {
        Self::Word(error.to_string())
    }
}

/// The words, and the option that was read last.
pub(super) struct Lexer {
    words: lexopt::Parser,
    option: String,
}

/// The next of them.
pub(super) enum Word {
    /// `-n` or `--name`, without the hyphens.
    Option(String),
    /// Something else, before `--`.
    Value(OsString),
    /// All that stands after `--`.
    Rest(Vec<OsString>),
}

impl Lexer {
    pub(super) fn new(words: impl IntoIterator<Item = OsString>) -> Self {
        let words: Vec<OsString> = words.into_iter().collect();
        Self {
            words: lexopt::Parser::from_args(words),
            option: String::new(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Word>, Misspelt> {
        if let Some(mut words) = self.words.try_raw_args()
            && words.next_if(|word| word == "--").is_some()
        {
            return Ok(Some(Word::Rest(words.collect())));
        }
        let (option, name) = match self.words.next()? {
            None => return Ok(None),
            Some(lexopt::Arg::Value(value)) => return Ok(Some(Word::Value(value))),
            Some(lexopt::Arg::Short(name)) => (format!("-{name}"), name.to_string()),
            Some(lexopt::Arg::Long(name)) => (format!("--{name}"), name.to_owned()),
        };
        self.option = option;
        Ok(Some(Word::Option(name)))
    }

    /// The option that was read last is none.
    pub(super) fn unknown(&self) -> Misspelt {
        Misspelt::Unknown(self.option.clone())
    }

    /// The value of the option that was read last.
    pub(super) fn value<T, E: fmt::Display>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Misspelt> {
        let text = text(self.words.value()?)?;
        parse(&text).map_err(|why| Misspelt::Value {
            option: self.option.clone(),
            why: why.to_string(),
            text,
        })
    }

    /// The same, where it is a path.
    pub(super) fn path(&mut self) -> Result<PathBuf, Misspelt> {
        Ok(PathBuf::from(self.words.value()?))
    }
}

pub(super) fn text(word: OsString) -> Result<String, Misspelt> {
    let not_text = |word: OsString| Misspelt::Word(format!("{word:?} is not UTF-8"));
    word.into_string().map_err(not_text)
}
