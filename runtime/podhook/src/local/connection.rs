//! podhook's end of a container's socket: requests go out in order, replies find
//! whoever asked.
//!
//! Two tasks for each container. When the connection is dropped the socket closes, and
//! the container ends. Knows nothing of commands and output.

use crate::local::KILLED;
use crate::local::protocol::{MAIN, Reply, Request, frame, length, send_with_files};
use crate::local::shim::WORD;
use crate::local::sweep::end_session;
use rustix::net::Shutdown;
use rustix::process::Pid;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long to wait for the last lines of a container that is over.
const LAST_LINES: Duration = Duration::from_secs(1);

/// A request, with the files of the process it is about.
type Outgoing = (Request, Vec<OwnedFd>);

type Inboxes = HashMap<u64, mpsc::UnboundedSender<Reply>>;

/// The line to one shim, and what is known of its container.
#[derive(Debug)]
pub(super) struct Connection {
    asks: mpsc::UnboundedSender<Outgoing>,
    waiters: Waiters,
    ended: watch::Receiver<Option<i32>>,
}

impl Connection {
    /// Starts `executable` as a shim, with these words. `lines`: who hands on what the container prints.
    pub(super) fn open(
        executable: &Path,
        words: &[&OsStr],
        lines: Vec<JoinHandle<()>>,
    ) -> io::Result<Self> {
        let (socket, shim) = start(executable, words)?;
        let socket = Arc::new(socket);
        let waiters = Waiters(Arc::new(Mutex::new(Some(HashMap::new()))));
        let (asks, asked) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(None);
        tokio::spawn(write(Arc::clone(&socket), asked));
        tokio::spawn(read(socket, shim, waiters.clone(), lines, end));
        Ok(Self {
            asks,
            waiters,
            ended,
        })
    }

    /// To a container that is over there is nothing to say.
    pub(super) fn ask(&self, request: Request, files: Vec<OwnedFd>) {
        let _ = self.asks.send((request, files));
    }

    /// The replies about one process; none where there is nobody left to reply.
    pub(super) fn replies(&self, id: u64) -> Option<mpsc::UnboundedReceiver<Reply>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let joined = self.waiters.with(|waiters| {
            waiters.as_mut()?.insert(id, sender);
            Some(())
        });
        joined.map(|()| receiver)
    }

    /// The main process's exit code, once everything is gone.
    pub(super) fn ended(&self) -> watch::Receiver<Option<i32>> {
        self.ended.clone()
    }
}

/// The shim has nothing of podhook's but this socket and stderr. It begins as a group
/// of its own, lest Ctrl-C end it before it has left the terminal.
fn start(executable: &Path, words: &[&OsStr]) -> io::Result<(UnixStream, Child)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let ours = UnixStream::from_std(ours)?;
    let shim = Command::new(executable)
        .arg0("podhook")
        .arg(WORD)
        .args(words)
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()?;
    Ok((ours, shim))
}

/// Who waits for which replies; none, once the container is over.
#[derive(Debug, Clone)]
struct Waiters(Arc<Mutex<Option<Inboxes>>>);

impl Waiters {
    fn hand(&self, id: u64, reply: Reply, last: bool) {
        self.with(|waiters| {
            let waiters = waiters.as_mut()?;
            // Whoever asked may have gone.
            let _ = waiters.get(&id)?.send(reply);
            if last {
                waiters.remove(&id).map(drop)
            } else {
                None
            }
        });
    }

    fn close(&self) {
        self.with(Option::take);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<Inboxes>) -> Option<T>) -> Option<T> {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes what is asked until nobody is left to ask, then hangs up.
async fn write(socket: Arc<UnixStream>, mut asked: mpsc::UnboundedReceiver<Outgoing>) {
    while let Some((request, files)) = asked.recv().await {
        if send(&socket, &request, &files).await.is_err() {
            break;
        }
    }
    let _ = rustix::net::shutdown(socket.as_fd(), Shutdown::Write);
}

async fn send(socket: &UnixStream, request: &Request, files: &[OwnedFd]) -> io::Result<()> {
    let bytes = frame(request)?;
    let first = || send_with_files(socket.as_fd(), &bytes, files);
    let mut sent = socket.async_io(Interest::WRITABLE, first).await?;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
        sent += socket
            .async_io(Interest::WRITABLE, || socket.try_write(rest))
            .await?;
    }
    Ok(())
}

/// Hands out replies until the container is over, and sees to its remains.
async fn read(
    socket: Arc<UnixStream>,
    shim: Child,
    waiters: Waiters,
    lines: Vec<JoinHandle<()>>,
    ended: watch::Sender<Option<i32>>,
) {
    let code = replies(&socket, &waiters).await;
    let whole = code.is_some();
    let reaped = tokio::task::spawn_blocking(move || reap(shim, whole));
    if !whole {
        let _ = reaped.await;
    }
    for relay in lines {
        let _ = timeout(LAST_LINES, relay).await;
    }
    waiters.close();
    ended.send_replace(Some(code.unwrap_or(KILLED)));
}

/// The main process's code, where the shim lived to tell it.
async fn replies(socket: &UnixStream, waiters: &Waiters) -> Option<i32> {
    while let Ok(reply) = receive(socket).await {
        match reply {
            Reply::Exited { id: MAIN, code, .. } => return Some(code),
            Reply::Exited { id, .. } => waiters.hand(id, reply, true),
            Reply::Started { id, .. } | Reply::Refused { id, .. } => waiters.hand(id, reply, false),
            Reply::Ready { .. } => waiters.hand(MAIN, reply, false),
        }
    }
    None
}

async fn receive(socket: &UnixStream) -> io::Result<Reply> {
    let mut header = [0; 4];
    fill(socket, &mut header).await?;
    let mut body = vec![0; length(header)?];
    fill(socket, &mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}

async fn fill(socket: &UnixStream, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = socket
            .async_io(Interest::READABLE, || socket.try_read(buffer))
            .await?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(read..).unwrap_or_default();
    }
    Ok(())
}

/// A shim that did not say goodbye was killed, and could not end its children.
fn reap(mut shim: Child, whole: bool) {
    if !whole {
        let _ = shim.kill();
        if let Some(session) = i32::try_from(shim.id()).ok().and_then(Pid::from_raw) {
            end_session(session);
        }
    }
    let _ = shim.wait();
}
