//! A connection's socket, as hyper has it: nothing is written before a hook's answer is
//! there, and nothing waits for ever to be read.
//!
//! hyper answers by itself what it cannot read (400, 431). To a kubelet every answer is a
//! success, so those never reach it; whoever reads here is told that there was one.

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What the service says of its answers.
#[derive(Clone, Default)]
pub(super) struct Answers {
    ready: Arc<AtomicBool>,
    swallowed: Arc<AtomicBool>,
}

impl Answers {
    /// The next bytes are an answer of ours.
    pub(super) fn one(&self) {
        self.ready.store(true, SeqCst);
    }

    /// Whether hyper said something of its own.
    pub(super) fn were_swallowed(&self) -> bool {
        self.swallowed.load(SeqCst)
    }
}

/// The socket.
pub(super) struct Guarded {
    io: TokioIo<TcpStream>,
    answers: Answers,
    /// hyper's own answers are let through.
    lets_all: bool,
    patience: Duration,
    waits: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    pub(super) fn new(
        stream: TcpStream,
        answers: Answers,
        lets_all: bool,
        patience: Duration,
    ) -> Self {
        Self {
            io: TokioIo::new(stream),
            answers,
            lets_all,
            patience,
            waits: None,
        }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.io.into_inner()
    }

    /// Whether what is written is to go out; if not, it is as good as written.
    fn lets(&self) -> bool {
        let lets = self.lets_all || self.answers.ready.load(SeqCst);
        if !lets {
            self.answers.swallowed.store(true, SeqCst);
        }
        lets
    }

    /// A reader that does not read is left after a while.
    fn bounded<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let patience = self.patience;
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(waits.as_mut().poll(cx));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl Read for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.lets() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.bounded(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.lets() {
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, parts);
        self.bounded(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        if flushed.is_ready() {
            // All of the answer is out; the next needs its own.
            self.answers.ready.store(false, SeqCst);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.answers.were_swallowed() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
