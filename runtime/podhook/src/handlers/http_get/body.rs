//! R53: reading an answer's body, only to throw it away.
//!
//! What is read here keeps the hook waiting, so it stops to the byte where Go stops. Only
//! what is compressed is counted as it comes, where Go counts what it unpacks to: that is
//! seen by a server alone that stops in the middle of it and does not close.
//! Whether a body is read at all is not decided here.

use super::answer::{Framing, skip_fields};
use super::wire::{BUFFER, Reader, Stop};

/// Until `most` bytes of body were read, or it ends. Nobody but a probe minds the error.
pub(super) async fn discard(
    reader: &mut Reader,
    framing: Framing,
    most: u64,
) -> Result<(), String> {
    match framing {
        Framing::Empty => Ok(()),
        Framing::Length(length) => skip(reader, length.min(most))
            .await
            .map_err(Stop::unexpected),
        Framing::Chunked => skip_chunks(reader, most).await,
        Framing::UntilEnd => match skip(reader, most).await {
            Ok(()) | Err(Stop::End) => Ok(()),
            Err(stop) => Err(stop.unexpected()),
        },
    }
}

async fn skip(reader: &mut Reader, bytes: u64) -> Result<(), Stop> {
    let mut left = bytes;
    while left > 0 {
        if reader.buffered().is_empty() {
            reader.fill().await?;
        }
        let count = usize::try_from(left).unwrap_or(usize::MAX);
        let count = count.min(reader.buffered().len());
        reader.take(count);
        left = left.saturating_sub(u64::try_from(count).unwrap_or(left));
    }
    Ok(())
}

async fn skip_chunks(reader: &mut Reader, most: u64) -> Result<(), String> {
    let mut left = most;
    let mut overhead = 0;
    while left > 0 {
        let (size, line) = chunk_size(reader).await?;
        overhead = excess(overhead, line, size)?;
        if size == 0 {
            return skip_trailer(reader).await;
        }
        skip(reader, size.min(left))
            .await
            .map_err(Stop::unexpected)?;
        left = left.saturating_sub(size);
        if left > 0 {
            end_chunk(reader).await?;
        }
    }
    Ok(())
}

async fn end_chunk(reader: &mut Reader) -> Result<(), String> {
    let next = reader.peek(2).await.map_err(Stop::unexpected)?;
    match next.starts_with(b"\r\n") {
        true => reader.take(2),
        false => return Err("malformed chunked encoding".to_owned()),
    }
    Ok(())
}

/// A chunk's size, and the length of the line that said so.
async fn chunk_size(reader: &mut Reader) -> Result<(u64, usize), String> {
    let line = chunk_line(reader).await?;
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
    // Go takes spaces from the end of the whole line, not from before an extension.
    let size = match size.len() == line.len() {
        true => size.trim_ascii_end(),
        false => size,
    };
    Ok((hex(size)?, line.len()))
}

/// Up to a carriage return and a line feed, and nothing else will do.
async fn chunk_line(reader: &mut Reader) -> Result<Vec<u8>, String> {
    let end = loop {
        let end = reader.buffered().iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) => break end,
            None if reader.buffered().len() >= BUFFER => {
                return Err("header line too long".to_owned());
            }
            None => reader.fill().await.map_err(Stop::unexpected)?,
        }
    };
    let line = reader.buffered().get(..end).unwrap_or_default().to_vec();
    reader.take(end.saturating_add(1));
    match line.split_last() {
        Some((b'\r', line)) if !line.contains(&b'\r') => Ok(line.to_vec()),
        _ if line.contains(&b'\r') => Err("invalid CR in chunked line".to_owned()),
        _ => Err("chunked line ends with bare LF".to_owned()),
    }
}

fn hex(digits: &[u8]) -> Result<u64, String> {
    if digits.is_empty() {
        return Err("empty hex number for chunk length".to_owned());
    }
    let mut number = 0_u64;
    for (place, digit) in digits.iter().enumerate() {
        let value = char::from(*digit).to_digit(16);
        let value = value.ok_or("invalid byte in chunk length")?;
        if place == 16 {
            return Err("http chunk length too large".to_owned());
        }
        number = number << 4 | u64::from(value);
    }
    Ok(number)
}

/// Go lets a sender waste twice the data and a little per chunk, and no more: extensions
/// would otherwise be a way to keep us reading for ever.
fn excess(before: u64, line: usize, size: u64) -> Result<u64, String> {
    let line = u64::try_from(line).unwrap_or(u64::MAX);
    let after = before.saturating_add(line).saturating_add(2);
    let after = after.saturating_sub(size.saturating_mul(2).saturating_add(16));
    match after > 16 << 10 {
        true => Err("chunked encoding contains too much non-data".to_owned()),
        false => Ok(after),
    }
}

/// What follows the last chunk, which may be no longer than the buffer.
async fn skip_trailer(reader: &mut Reader) -> Result<(), String> {
    let is_over =
        |read: &[u8]| read.starts_with(b"\r\n") || read.windows(4).any(|four| four == b"\r\n\r\n");
    let cut = |_| "http: unexpected EOF reading trailer".to_owned();
    reader.peek(2).await.map_err(cut)?;
    while !is_over(reader.buffered()) {
        if reader.buffered().len() >= BUFFER || reader.fill().await.is_err() {
            return Err("http: suspiciously long trailer after chunked body".to_owned());
        }
    }
    skip_fields(reader).await
}
