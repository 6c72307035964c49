//! Charges linear memories and tables, summed over all of them.
//!
//! wasmtime's own limits are per memory; a component can have many.

use crate::record::Record;
use std::sync::Arc;
use wasmtime::{ResourceLimiter, Result};

/// Bytes of a table's element: a pointer and its type.
const ELEMENT: usize = 16;

/// The record is charged before the memory is there; refused, the run ends as a
/// process ends that passes `memory.max`.
pub(crate) struct Limiter {
    record: Arc<Record>,
    /// Of the growth that was admitted last, in case the system cannot do it.
    last: u64,
}

impl Limiter {
    pub(crate) fn new(record: Arc<Record>) -> Self {
        Self { record, last: 0 }
    }

    /// Admits a growth by elements of `size` bytes, as far as the memory or table
    /// itself allows.
    fn grow(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        size: usize,
    ) -> Result<bool> {
        self.last = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current).saturating_mul(size);
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.record.charge(more)?;
        self.last = more;
        Ok(true)
    }

    fn give_back(&mut self) {
        self.record.release(std::mem::take(&mut self.last));
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.grow(current, desired, maximum, 1)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        tracing::debug!("a memory did not grow: {error:#}");
        self.give_back();
        Ok(())
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        tracing::debug!("a table did not grow: {error:#}");
        self.give_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.grow(current, desired, maximum, ELEMENT)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }
}
