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
}

impl Limiter {
    pub(crate) fn new(record: Arc<Record>) -> Self {
        Self { record }
    }

    fn grow(&self, current: usize, desired: usize, size: usize) -> Result<()> {
        let more = desired.saturating_sub(current).saturating_mul(size);
        self.record
            .charge(u64::try_from(more).unwrap_or(u64::MAX))?;
        Ok(())
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(current, desired, 1)?;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(current, desired, ELEMENT)?;
        Ok(true)
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
