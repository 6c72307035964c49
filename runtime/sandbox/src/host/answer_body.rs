//! The body of an answer: read as the guest reads it, up to a cap.

use crate::record::Record;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use podhook_lifecycle::{Level, Resource};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;
use wasmtime_wasi_http::{Error, WasiBody};

/// A body that ends with an error over the run's cap, and where nothing comes for
/// `between_bytes`; its connection ends with it.
pub(crate) fn answer_body(
    body: hyper::body::Incoming,
    connection: AbortOnDropJoinHandle<()>,
    record: Arc<Record>,
    between_bytes: Option<Duration>,
) -> WasiBody {
    Limited {
        body,
        left: record.caps().response,
        record,
        between_bytes,
        timer: None,
        held: 0,
        _connection: connection,
    }
    .boxed_unsync()
}

struct Limited {
    body: hyper::body::Incoming,
    left: u64,
    record: Arc<Record>,
    between_bytes: Option<Duration>,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
    /// Bytes of the frame that was handed on last, charged until the next is asked for.
    held: u64,
    _connection: AbortOnDropJoinHandle<()>,
}

impl Limited {
    /// Counts and charges what came; over the cap the body ends with an error.
    fn counted(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Error> {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                // Refused, the run ends as OOMKilled, whatever the guest makes of it.
                let charged = self.record.charge(size);
                charged.map_err(|_| Error::HttpResponseBodySize(Some(size)))?;
                self.held = size;
                Ok(frame)
            }
            None => {
                let cap = self.record.caps().response;
                self.record.met(Resource::Network);
                self.record.note(
                    Level::Warn,
                    format!(
                        "an HTTP answer was cut: it has over {cap} bytes (--max-response SIZE)"
                    ),
                );
                Err(Error::HttpResponseBodySize(Some(cap)))
            }
        }
    }

    /// What was handed on is the guest's now, or gone.
    fn release(&mut self) {
        self.record.release(std::mem::take(&mut self.held));
    }

    fn overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.between_bytes else {
            return Poll::Pending;
        };
        self.timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)))
            .as_mut()
            .poll(cx)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        self.release();
    }
}

impl Body for Limited {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.release();
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.timer = None;
                Poll::Ready(Some(self.counted(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self
                .overdue(cx)
                .map(|()| Some(Err(Error::ConnectionReadTimeout))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
