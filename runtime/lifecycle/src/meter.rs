//! Where a run's memory and CPU time are charged.
//!
//! The sandbox charges a [`Meter`] without knowing whose it is; the ledger keeps
//! accounts without knowing what runs. The runner hands the one to the other.

use std::time::Duration;

/// A charge was refused: the account, or one above it, is at its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("memory limit of {max} bytes exceeded: {current} in use, {asked} more asked for")]
pub struct OverLimit {
    /// The limit that was met.
    pub max: u64,
    /// Charged to that account at the time.
    pub current: u64,
    /// What would have come on top.
    pub asked: u64,
}

/// An account as the sandbox sees it.
pub trait Meter: Send + Sync {
    /// Takes `bytes` more.
    ///
    /// # Errors
    /// [`OverLimit`] where this account or one above it would pass its limit; then
    /// nothing is charged, and the kill is counted.
    fn charge_memory(&self, bytes: u64) -> Result<(), OverLimit>;

    /// Gives `bytes` back that were charged before.
    fn uncharge_memory(&self, bytes: u64);

    /// Adds CPU time that was measured.
    fn charge_cpu(&self, used: Duration);

    /// Bytes that may still be charged; `None` without a limit.
    fn memory_left(&self) -> Option<u64>;
}
