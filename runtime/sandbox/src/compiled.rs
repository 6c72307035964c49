//! Compiled code, and what it is known by.

use podhook_lifecycle::Digest;

/// What compiled code is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) digest: Digest,
    /// wasmtime's own hash of version, target and configuration.
    pub(crate) compatibility: u64,
}

impl Key {
    pub(crate) fn file_name(&self) -> String {
        let digest = self.digest.to_string();
        let hex = digest.strip_prefix("sha256:").unwrap_or(&digest);
        format!("{hex}-{:016x}.code", self.compatibility)
    }
}

/// Compiled code of one module under one [`Profile`](crate::Profile).
pub struct Code {
    bytes: Vec<u8>,
    /// Where in `bytes` the code begins: what a cache keeps in front of it stays.
    start: usize,
}

impl Code {
    pub(crate) fn new(bytes: Vec<u8>, start: usize) -> Self {
        Self { bytes, start }
    }

    /// The code itself, as `podhook compile` writes it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}
