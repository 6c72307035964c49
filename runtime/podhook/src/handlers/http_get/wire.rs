//! A connection's two directions, and what Go says when one of them fails.
//!
//! The reading side keeps one small buffer and a count of what may still be read, so
//! that no server can make it grow. What is read is not known here.

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

/// Anything HTTP can be spoken over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection, both ways; closed by being dropped.
pub(super) struct Wire {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

/// The two ends, for error texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
}

pub(super) struct Reader {
    stream: ReadHalf<Box<dyn Stream>>,
    ends: Ends,
    buffer: Vec<u8>,
    /// How much of the buffer was taken.
    taken: usize,
    /// How many bytes may still be read.
    allowed: u64,
}

pub(super) struct Writer(WriteHalf<Box<dyn Stream>>);

/// Why there is nothing more to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The other side has closed.
    End,
    /// What was allowed is used up.
    Allowance,
    /// As Go prints it.
    Failed(String),
}

impl Stop {
    /// Where more was due.
    pub(super) fn unexpected(self) -> String {
        match self {
            Self::End => "unexpected EOF".to_owned(),
            Self::Allowance => "read limit exhausted".to_owned(),
            Self::Failed(text) => text,
        }
    }
}

/// What Go's transport reads at once.
pub(super) const BUFFER: usize = 4 << 10;

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>, ends: Ends) -> Self {
        let (reading, writing) = tokio::io::split(stream);
        Self {
            reader: Reader::new(reading, ends),
            writer: Writer(writing),
        }
    }
}

impl Writer {
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }
}

impl Reader {
    fn new(stream: ReadHalf<Box<dyn Stream>>, ends: Ends) -> Self {
        Self {
            stream,
            ends,
            buffer: Vec::with_capacity(BUFFER),
            taken: 0,
            allowed: 0,
        }
    }

    pub(super) fn allow(&mut self, bytes: u64) {
        self.allowed = bytes;
    }

    pub(super) fn is_spent(&self) -> bool {
        self.allowed == 0
    }

    /// What was read and not yet taken.
    pub(super) fn buffered(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes).min(self.buffer.len());
    }

    /// At least one byte more in the buffer; waits for it.
    pub(super) async fn fill(&mut self) -> Result<(), Stop> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let room = BUFFER.saturating_sub(self.buffer.len());
        let room = self.allowed.min(u64::try_from(room).unwrap_or(0));
        if room == 0 {
            return Err(Stop::Allowance);
        }
        let mut source = (&mut self.stream).take(room);
        let read = source.read_buf(&mut self.buffer).await;
        match read {
            Ok(0) => Err(Stop::End),
            Ok(count) => {
                let count = u64::try_from(count).unwrap_or(room);
                self.allowed = self.allowed.saturating_sub(count);
                Ok(())
            }
            // TLS without its farewell, which Go takes for the end.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Stop::End),
            Err(error) => Err(Stop::Failed(said(&error, &self.ends))),
        }
    }

    /// At least `count` bytes in the buffer.
    pub(super) async fn peek(&mut self, count: usize) -> Result<&[u8], Stop> {
        while self.buffered().len() < count {
            self.fill().await?;
        }
        Ok(self.buffered())
    }

    /// Up to the next line feed, without it and a carriage return before it. What the
    /// connection ends with is a line too, as it is to Go.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Stop> {
        let mut line = Vec::new();
        loop {
            let buffered = self.buffered();
            let end = buffered.iter().position(|byte| *byte == b'\n');
            line.extend(buffered.iter().take(end.unwrap_or(buffered.len())));
            match end {
                Some(end) => {
                    self.take(end.saturating_add(1));
                    line.pop_if(|last| *last == b'\r');
                    return Ok(line);
                }
                None => self.take(BUFFER),
            }
            match self.fill().await {
                Err(stop) if line.is_empty() => return Err(stop),
                Err(_) => return Ok(line),
                Ok(()) => (),
            }
        }
    }
}

/// `read tcp 127.0.0.1:5->127.0.0.1:80: read: connection reset by peer`.
pub(super) fn said(error: &io::Error, ends: &Ends) -> String {
    let Ends { local, remote } = ends;
    match error.raw_os_error() {
        Some(_) => format!("read tcp {local}->{remote}: read: {}", os_text(error)),
        None => super::tls::text(error),
    }
}

/// The system's word for an error, as Go spells it.
pub(super) fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    let (word, _) = text.split_once(" (os error").unwrap_or((&text, ""));
    word.to_lowercase()
}
