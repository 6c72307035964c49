//! What processes print: kept up to a cap, or handed on line by line. Never left
//! unread, so that nobody who prints has to wait for podhook.
//!
//! Knows pipes; not who writes into them.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;
use tokio::time::timeout;

/// What container runtimes keep of each stream.
const CAP: usize = 16 << 20;

/// At most so much is handed on at once, line end or not.
const LONGEST_LINE: usize = 64 << 10;

/// How often to look whether the container is over, while a pipe stays open.
const GLANCE: Duration = Duration::from_millis(500);

/// One of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Takes lines, without their ends.
pub(crate) type OnLine = Box<dyn FnMut(Stream, &[u8]) + Send>;

/// Output so far: what is kept, and how much there was.
#[derive(Debug, Default)]
pub(super) struct Captured {
    pub(super) bytes: Vec<u8>,
    pub(super) total: u64,
}

impl Captured {
    fn take(&mut self, chunk: &[u8]) {
        let room = CAP - self.bytes.len().min(CAP);
        self.bytes
            .extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        self.total += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
    }
}

/// A pipe: our end, and the one to be given away.
pub(super) fn pipe() -> io::Result<(Receiver, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    Ok((Receiver::from_owned_fd(reader.into())?, writer.into()))
}

/// Reads until everyone has closed the pipe. Once the container is over nobody should
/// hold it; who does is beyond our reach and not waited for.
pub(super) async fn capture(pipe: Receiver, ended: watch::Receiver<Option<i32>>) -> Captured {
    let mut captured = Captured::default();
    loop {
        match timeout(GLANCE, drain(&pipe, |chunk| captured.take(chunk))).await {
            Err(_) if ended.borrow().is_none() => {}
            Ok(()) | Err(_) => return captured,
        }
    }
}

/// Hands on lines until everyone has closed the pipe.
pub(super) async fn relay(pipe: Receiver, stream: Stream, on_line: Arc<Mutex<OnLine>>) {
    let mut lines = Lines::default();
    let mut hand_on = |line: &[u8]| {
        let mut on_line = on_line.lock().unwrap_or_else(PoisonError::into_inner);
        on_line(stream, line);
    };
    drain(&pipe, |chunk| lines.take(chunk, &mut hand_on)).await;
    lines.end(&mut hand_on);
}

async fn drain(pipe: &Receiver, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        if pipe.readable().await.is_err() {
            return;
        }
        match pipe.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                take(buffer.get(..length).unwrap_or_default());
                // Who prints without end must not keep everybody else from their turn.
                tokio::task::yield_now().await;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Cuts a stream into lines.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn take(&mut self, chunk: &[u8], hand_on: &mut impl FnMut(&[u8])) {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let line = piece.strip_suffix(b"\n");
            self.begun.extend(line.unwrap_or(piece));
            if line.is_some() || self.begun.len() >= LONGEST_LINE {
                hand_on(&self.begun);
                self.begun.clear();
            }
        }
    }

    fn end(&mut self, hand_on: &mut impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            hand_on(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        let mut hand_on = |line: &[u8]| seen.push(line.to_vec());
        for chunk in chunks {
            lines.take(chunk, &mut hand_on);
        }
        lines.end(&mut hand_on);
        seen
    }

    #[test]
    fn lines_are_put_together_and_none_is_lost() {
        assert_eq!(
            lines(&[b"a", b"b\nc\n", b"\nd"]),
            [&b"ab"[..], b"c", b"", b"d"]
        );
        assert!(lines(&[b""]).is_empty());
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let chunk = vec![b'x'; 40 << 10];
        let lengths: Vec<_> = lines(&[&chunk, &chunk, &chunk])
            .iter()
            .map(Vec::len)
            .collect();
        assert_eq!(lengths, [80 << 10, 40 << 10]);
    }

    #[test]
    fn what_is_over_the_cap_is_counted() {
        let mut captured = Captured::default();
        let chunk = vec![1; 10 << 20];
        captured.take(&chunk);
        captured.take(&chunk);
        assert_eq!((captured.bytes.len(), captured.total), (16 << 20, 20 << 20));
    }
}
