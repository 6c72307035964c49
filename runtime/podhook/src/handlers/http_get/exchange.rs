//! One request and the head of its answer, over a connection of their own.
//!
//! Connections are not kept for a later request; that the kubelet does so shows only in
//! how many a server counts. Where an answer leads is `redirect`.

use super::answer::{self, Head};
use super::dial::dial;
use super::request::Request;
use super::wire::Wire;
use super::{Purpose, body};
use std::future::{Future, poll_fn};
use std::pin::pin;

/// An answer whose body was not read yet.
pub(super) struct Answered {
    pub(super) head: Head,
    /// Of the body, if the head says it and means it: what is to be unpacked has another.
    pub(super) length: Option<u64>,
    pub(super) wire: Wire,
}

impl Answered {
    /// R53: until `most` bytes of body were read, or it ends.
    pub(super) async fn discard(&mut self, most: u64) -> Result<(), String> {
        body::discard(&mut self.wire.reader, self.head.framing, most).await
    }

    /// The same, where the body is not known to be longer. An error is of no matter: the
    /// answer was read.
    pub(super) async fn discard_short(&mut self, most: u64) {
        if self.length.is_none_or(|length| length <= most) {
            let _ = self.discard(most).await;
        }
    }
}

pub(super) async fn exchange(request: &Request, purpose: Purpose) -> Result<Answered, String> {
    request.check()?;
    let bytes = request.written(purpose)?;
    let mut wire = dial(&request.url).await?;
    let head = send_and_read(&mut wire, &bytes).await?;
    let is_unpacked = head.is_gzip && request.asks_for_gzip(purpose);
    let length = head
        .framing
        .length()
        .filter(|length| *length == 0 || !is_unpacked);
    Ok(Answered { head, length, wire })
}

/// Both at once: a server may answer before it has read what it was asked, or instead.
/// That a request could not be sent shows in that there is no answer.
async fn send_and_read(wire: &mut Wire, bytes: &[u8]) -> Result<Head, String> {
    let Wire { reader, writer } = wire;
    let mut sending = pin!(writer.send(bytes));
    let mut reading = pin!(answer::read(reader));
    let mut is_sent = false;
    poll_fn(|cx| {
        is_sent = is_sent || sending.as_mut().poll(cx).is_ready();
        reading.as_mut().poll(cx)
    })
    .await
}
