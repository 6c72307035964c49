//! Small values that outlive an invocation: what postStart writes, preStop reads.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes of one key: escaped, it is a file name.
pub const MAX_KEY: usize = 80;
/// Bytes of one value.
pub const MAX_VALUE: usize = 64 << 10;
/// Keys of one container.
pub const MAX_KEYS: usize = 256;

/// Why a value could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Key or value over its limit.
    #[error("too large: keys have at most {MAX_KEY} bytes, values {MAX_VALUE}")]
    TooLarge,
    /// One key more than there may be.
    #[error("full: there may be {MAX_KEYS} keys")]
    Full,
    /// The store under it failed.
    #[error("{0}")]
    Other(String),
}

/// A place that keeps one container's values.
pub trait State: Send + Sync {
    /// The value of `key`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StateError>;

    /// Keeps `value`, whole or not at all.
    ///
    /// # Errors
    /// Over a limit, or where the store cannot be written.
    fn set(&self, key: &str, value: &[u8]) -> Result<(), StateError>;

    /// Forgets `key`; no error where there is none.
    ///
    /// # Errors
    /// Where the store cannot be written.
    fn delete(&self, key: &str) -> Result<(), StateError>;

    /// All keys, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn keys(&self) -> Result<Vec<String>, StateError>;
}

/// Checks what every store checks.
///
/// # Errors
/// [`StateError::TooLarge`].
pub fn check_sizes(key: &str, value: &[u8]) -> Result<(), StateError> {
    if key.is_empty() || key.len() > MAX_KEY || value.len() > MAX_VALUE {
        return Err(StateError::TooLarge);
    }
    Ok(())
}

/// Keeps values as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryState {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl MemoryState {
    fn with<R>(&self, f: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> R) -> R {
        f(&mut self.values.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State for MemoryState {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.with(|values| values.get(key).cloned()))
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), StateError> {
        check_sizes(key, value)?;
        self.with(|values| {
            if values.len() >= MAX_KEYS && !values.contains_key(key) {
                return Err(StateError::Full);
            }
            values.insert(key.to_owned(), value.to_owned());
            Ok(())
        })
    }

    fn delete(&self, key: &str) -> Result<(), StateError> {
        self.with(|values| values.remove(key));
        Ok(())
    }

    fn keys(&self) -> Result<Vec<String>, StateError> {
        Ok(self.with(|values| values.keys().cloned().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_read_until_deleted() {
        let state = MemoryState::default();
        state.set("a", b"1").unwrap();
        state.set("a", b"2").unwrap();
        assert_eq!(state.get("a").unwrap(), Some(b"2".to_vec()));
        assert_eq!(state.keys().unwrap(), ["a"]);
        state.delete("a").unwrap();
        state.delete("a").unwrap();
        assert_eq!(state.get("a").unwrap(), None);
    }

    #[test]
    fn limits_hold() {
        let state = MemoryState::default();
        assert!(matches!(state.set("", b""), Err(StateError::TooLarge)));
        let long = "k".repeat(MAX_KEY + 1);
        assert!(matches!(state.set(&long, b""), Err(StateError::TooLarge)));
        let large = vec![0; MAX_VALUE + 1];
        assert!(matches!(state.set("k", &large), Err(StateError::TooLarge)));
        for n in 0..MAX_KEYS {
            state.set(&n.to_string(), b"").unwrap();
        }
        assert!(matches!(state.set("one more", b""), Err(StateError::Full)));
        state.set("0", b"again").unwrap();
    }
}
