//! A stream into a file, whose bytes are counted.

use crate::record::Record;
use bytes::Bytes;
use std::sync::Arc;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

pub(super) struct Counted {
    pub(super) inner: DynOutputStream,
    pub(super) record: Arc<Record>,
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let written = self.record.write_disk(count);
        written.map_err(|met| StreamError::Trap(met.into()))?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}
