//! Small values that outlive the call: what postStart writes, preStop reads.

use std::fmt;

use crate::host;

/// The value of a key, where there is one.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    host::state_get(key)
}

/// Sets the value of a key, replacing an earlier one.
///
/// ```
/// use podhook::{state, testing::Mock};
///
/// let _host = Mock::new();
/// state::set("offset", "4096")?; // in postStart
/// assert_eq!(state::get("offset")?.as_deref(), Some(&b"4096"[..])); // in preStop
/// # Ok::<_, podhook::Error>(())
/// ```
pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
    host::state_set(key, value.as_ref())
}

/// Forgets a key; no failure where it is not there.
pub fn delete(key: &str) -> Result<(), Error> {
    host::state_delete(key)
}

/// All keys that have a value.
pub fn keys() -> Result<Vec<String>, Error> {
    host::state_keys()
}

/// Why a value could not be read or kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The operator did not grant this.
    Denied,
    /// The key or the value is longer than allowed.
    TooLarge,
    /// There is no room for another value.
    Full,
    /// Anything else, in the host's words.
    Other(String),
    /// Not inside a podhook sandbox.
    Unavailable,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "state: denied",
            Self::TooLarge => "state: key or value too large",
            Self::Full => "state: full",
            Self::Other(text) => return write!(f, "state: {text}"),
            Self::Unavailable => "state: not inside a podhook sandbox",
        })
    }
}

impl std::error::Error for Error {}
