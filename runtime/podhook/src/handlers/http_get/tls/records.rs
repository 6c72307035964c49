//! A stream of TLS records, whose first five bytes are looked at before TLS sees them.
//!
//! R51 turns on these bytes: `HTTP/` is a server without TLS, and the kubelet tries
//! again. Of the records after it only their ends are known here, because an end of the
//! stream is no surprise there, and one elsewhere is.

use super::SCHEME_MISMATCH;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The header of a record: kind, version, length.
const HEADER: usize = 5;

/// How long a record may be.
const MAX_RECORD: usize = (16 << 10) + (2 << 10);

#[derive(Debug)]
pub(in super::super) struct Records<S> {
    stream: S,
    /// The first record's.
    header: Vec<u8>,
    /// How much of it was handed on.
    given: usize,
    place: Place,
}

/// Where in the records what was handed on ends.
#[derive(Debug, Default)]
struct Place {
    /// What was read of a header that is not complete.
    header: Vec<u8>,
    /// How much of a record is still to come.
    left: usize,
}

impl Place {
    fn advance(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let wanted = match self.left {
                0 => HEADER.saturating_sub(self.header.len()),
                left => left,
            };
            let (some, rest) = bytes.split_at(wanted.min(bytes.len()));
            match self.left {
                0 => self.header.extend(some),
                left => self.left = left.saturating_sub(some.len()),
            }
            if let [_, _, _, high, low] = *self.header {
                self.left = usize::from(u16::from_be_bytes([high, low]));
                self.header.clear();
            }
            bytes = rest;
        }
    }

    fn is_within_record(&self) -> bool {
        self.left > 0 || !self.header.is_empty()
    }
}

impl<S> Records<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            header: Vec::with_capacity(HEADER),
            given: 0,
            place: Place::default(),
        }
    }
}

impl<S: AsyncRead + Unpin> Records<S> {
    /// Waits until the header is there, or the other side has closed.
    fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.header.len() < HEADER {
            let mut bytes = [0; HEADER];
            let missing = bytes.get_mut(self.header.len()..).unwrap_or_default();
            let mut buffer = ReadBuf::new(missing);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            match (buffer.filled(), self.header.is_empty()) {
                ([], true) => return Poll::Ready(Ok(())),
                ([], false) => return Poll::Ready(Err(cut())),
                (read, _) => self.header.extend(read),
            }
        }
        Poll::Ready(check(&self.header))
    }

    fn poll_rest(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        match buffer.filled().get(before..).unwrap_or_default() {
            [] if self.place.is_within_record() => Poll::Ready(Err(cut())),
            read => {
                self.place.advance(read);
                Poll::Ready(Ok(()))
            }
        }
    }
}

fn cut() -> io::Error {
    io::Error::other("unexpected EOF")
}

fn check(header: &[u8]) -> io::Result<()> {
    match *header {
        [b'H', b'T', b'T', b'P', b'/'] => Err(io::Error::other(SCHEME_MISMATCH)),
        [0x80, ..] => Err(io::Error::other(
            "tls: unsupported SSLv2 handshake received",
        )),
        // An alert or a handshake, of a version that could be one.
        [0x15 | 0x16, 0..0x10, _, high, low] => {
            match usize::from(u16::from_be_bytes([high, low])) {
                0..=MAX_RECORD => Ok(()),
                length => Err(io::Error::other(format!(
                    "tls: oversized record received with length {length}"
                ))),
            }
        }
        _ => Err(io::Error::other(
            "tls: first record does not look like a TLS handshake",
        )),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Records<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given == HEADER {
            return self.poll_rest(cx, buffer);
        }
        ready!(self.poll_header(cx))?;
        let left = self.header.get(self.given..).unwrap_or_default();
        let count = left.len().min(buffer.remaining());
        let left = left.get(..count).unwrap_or_default().to_vec();
        buffer.put_slice(&left);
        self.place.advance(&left);
        self.given += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Records<S> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_records_end() {
        let records = b"\x16\x03\x03\x00\x02ab\x14\x03\x03\x00\x00\x17\x03\x03\x00\x01c";
        let ends = [0, 7, 12, 18];
        for step in 1..=records.len() {
            let (mut place, mut read) = (Place::default(), 0);
            for piece in records.chunks(step) {
                place.advance(piece);
                read += piece.len();
                assert_eq!(place.is_within_record(), !ends.contains(&read), "{read}");
            }
        }
    }
}
