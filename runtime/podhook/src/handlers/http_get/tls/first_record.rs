//! A stream whose first five bytes are looked at before TLS sees them.
//!
//! R51 turns on these bytes: `HTTP/` is a server without TLS, and the kubelet tries
//! again. What TLS makes of the rest is not known here.

use super::SCHEME_MISMATCH;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The header of a record: kind, version, length.
const HEADER: usize = 5;

#[derive(Debug)]
pub(in super::super) struct FirstRecord<S> {
    stream: S,
    header: Vec<u8>,
    /// How much of the header was handed on.
    given: usize,
}

impl<S> FirstRecord<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            header: Vec::with_capacity(HEADER),
            given: 0,
        }
    }
}

impl<S: AsyncRead + Unpin> FirstRecord<S> {
    /// Waits until the header is there, or the other side has closed.
    fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.header.len() < HEADER {
            let mut bytes = [0; HEADER];
            let missing = bytes.get_mut(self.header.len()..).unwrap_or_default();
            let mut buffer = ReadBuf::new(missing);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            match (buffer.filled(), self.header.is_empty()) {
                ([], true) => return Poll::Ready(Ok(())),
                ([], false) => return Poll::Ready(Err(io::Error::other("unexpected EOF"))),
                (read, _) => self.header.extend(read),
            }
        }
        Poll::Ready(check(&self.header))
    }
}

fn check(header: &[u8]) -> io::Result<()> {
    match header {
        b"HTTP/" => Err(io::Error::other(SCHEME_MISMATCH)),
        [0x80, ..] => Err(io::Error::other(
            "tls: unsupported SSLv2 handshake received",
        )),
        // An alert or a handshake, of a version that could be one.
        [0x15 | 0x16, 0..0x10, ..] => Ok(()),
        _ => Err(io::Error::other(
            "tls: first record does not look like a TLS handshake",
        )),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstRecord<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given == HEADER {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        ready!(self.poll_header(cx))?;
        let left = self.header.get(self.given..).unwrap_or_default();
        let count = left.len().min(buffer.remaining());
        buffer.put_slice(left.get(..count).unwrap_or_default());
        self.given += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstRecord<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
