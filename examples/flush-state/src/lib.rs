//! Sends what the container appended to a file while it ran. postStart remembers how long the
//! file was, preStop sends what came after, and remembers that too: called again, it sends
//! nothing twice.

#![forbid(unsafe_code)]

use podhook::{Context, Error, Result, config, http, log, retry, state};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// What is remembered: where to go on, in decimal.
const OFFSET: &str = "offset";

/// Bytes of one request. More are sent in several.
const MOST: u64 = 1 << 20;

#[podhook::post_start]
fn remember(ctx: Context) -> Result {
    let length = match std::fs::metadata(spool(&ctx)?) {
        Ok(file) => file.len(),
        // The container makes it later.
        Err(why) if why.kind() == ErrorKind::NotFound => 0,
        Err(why) => return Err(why.into()),
    };
    log::info!(length; "remembered");
    Ok(state::set(OFFSET, length.to_string())?)
}

#[podhook::pre_stop]
fn flush(ctx: Context) -> Result {
    let (url, path) = (config::require("url")?, spool(&ctx)?);
    let mut spool = File::open(path)?;
    let mut offset = remembered()?;
    if offset > spool.metadata()?.len() {
        log::warn!(offset; "the file was cut: all of it is sent");
        offset = 0;
    }
    loop {
        let part = read(&mut spool, offset)?;
        if part.is_empty() {
            return Ok(());
        }
        retry::retry(|_| Ok(http::post(&url, part.clone())?.error_for_status()?))?;
        offset += part.len() as u64;
        state::set(OFFSET, offset.to_string())?;
        log::info!(bytes = part.len(); "sent");
    }
}

fn spool(ctx: &Context) -> Result<PathBuf> {
    let path = config::get("file").unwrap_or_else(|| "/var/spool/app/queue".to_owned());
    Ok(ctx.path(path))
}

/// Without a postStart all of the file is new.
fn remembered() -> Result<u64> {
    let Some(value) = state::get(OFFSET)? else {
        return Ok(0);
    };
    let text = String::from_utf8_lossy(&value);
    let wrong = |_| Error::failed(format_args!("{OFFSET} in the state is {text:?}"));
    text.parse().map_err(wrong)
}

fn read(spool: &mut File, offset: u64) -> Result<Vec<u8>> {
    spool.seek(SeekFrom::Start(offset))?;
    let mut part = Vec::new();
    spool.take(MOST).read_to_end(&mut part)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook::testing::{Answer, Mock};
    use podhook::{ErrorKind, Phase};
    use tempfile::TempDir;

    const POST: &str = "POST http://collector/spool";

    /// A container whose spool has this in it, and the host of its hooks.
    fn container(spooled: &str) -> (TempDir, Mock) {
        let folder = tempfile::tempdir().unwrap();
        spool(&folder, spooled);
        let mock = Mock::new()
            .folder("/var/spool/app", folder.path())
            .config("url", "http://collector/spool");
        (folder, mock)
    }

    fn spool(folder: &TempDir, text: &str) {
        std::fs::write(folder.path().join("queue"), text).unwrap();
    }

    fn before_stop() -> Result {
        flush(Context::new(Phase::PreStop))
    }

    #[test]
    fn what_came_after_the_start_is_sent_and_sent_once() {
        let (folder, mock) = container("old\n");
        let mock = mock.answer(POST, 503).answer(POST, 200);
        assert_eq!(remember(Context::new(Phase::PostStart)), Ok(()));
        spool(&folder, "old\nnew\n");
        assert_eq!(before_stop(), Ok(()));
        let sent = mock.requests();
        assert_eq!(sent.len(), 2, "the first one failed");
        assert_eq!(sent[1].body, b"new\n");
        assert_eq!(before_stop(), Ok(()));
        assert_eq!(mock.requests().len(), 2);
        assert_eq!(mock.state_of(OFFSET).as_deref(), Some(b"8".as_slice()));
    }

    #[test]
    fn a_spool_that_is_not_there_yet_is_empty() {
        let (folder, mock) = container("");
        std::fs::remove_file(folder.path().join("queue")).unwrap();
        assert_eq!(remember(Context::new(Phase::PostStart)), Ok(()));
        assert_eq!(mock.state_of(OFFSET).as_deref(), Some(b"0".as_slice()));
    }

    #[test]
    fn more_than_fits_goes_in_parts_and_a_part_that_fails_is_kept() {
        let (_folder, mock) = container(&"x".repeat((MOST + 10) as usize));
        let mock = mock
            .timeout(std::time::Duration::from_secs(2))
            .answer(POST, 200)
            .answer(POST, Answer::new(500));
        assert_eq!(before_stop().unwrap_err().kind(), ErrorKind::Retryable);
        assert_eq!(mock.requests()[0].body.len() as u64, MOST);
        assert_eq!(mock.state_of(OFFSET), Some(MOST.to_string().into_bytes()));
    }

    #[test]
    fn a_spool_that_was_cut_is_sent_from_its_start() {
        let (_folder, mock) = container("ab");
        let mock = mock.state(OFFSET, "100").answer(POST, 204);
        assert_eq!(before_stop(), Ok(()));
        assert_eq!(mock.requests()[0].body, b"ab");
    }
}
