//! A container on this machine, as the rest of podhook sees it: start it, run commands
//! in it, end it.
//!
//! Everything in it is killed when this is dropped. Does not know why it is started or
//! ended.

use crate::local::KILLED;
use crate::local::capture::{Captured, OnLine, Stream, capture, pipe, relay};
use crate::local::connection::Connection;
use crate::local::program::reason;
use crate::local::protocol::{MAIN, Program, Reply, Request};
use crate::local::shim::{BARE, OVERLAY};
use crate::local::volume::Volume;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// What images without a PATH of their own get from a container runtime.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A runtime's word for a container in which nothing can be started any more.
pub(crate) const OVER: &str = "container is in CONTAINER_EXITED state";

/// What to run; stdin is always empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Command {
    pub(crate) argv: Vec<String>,
    /// Beside PATH, HOME and HOSTNAME, which are set where these are silent.
    pub(crate) env: Vec<(String, String)>,
    /// The surroundings' folder without; made where it is missing and there is an
    /// overlay to make it in.
    pub(crate) working_dir: Option<String>,
}

/// Where a container is to run.
pub(crate) struct Surroundings<'a> {
    /// This program: `/proc/self/exe`.
    pub(crate) executable: &'a Path,
    /// The working folder of commands that name none.
    pub(crate) folder: &'a Path,
    pub(crate) hostname: &'a str,
    /// Whether to try for an overlay.
    pub(crate) isolate: bool,
    /// What stands in the overlay.
    pub(crate) volumes: &'a [Volume],
    /// Takes what the main process prints; nobody does without.
    pub(crate) on_line: Option<OnLine>,
}

/// Whether what is written stays on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Isolation {
    Overlay,
    /// It does; why there is no overlay.
    None(String),
}

/// What a command printed, up to 16 MiB a stream, and how much it was.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) stdout_total: u64,
    pub(crate) stderr_total: u64,
}

/// How a command in a container ended.
#[derive(Debug)]
pub(crate) enum ExecResult {
    Exited {
        code: i32,
        output: Output,
    },
    CannotStart(String),
    /// By the end of the container.
    Killed {
        code: i32,
        output: Output,
    },
}

/// A container that was started.
#[derive(Debug)]
pub(crate) struct LocalContainer {
    shim: Connection,
    next: AtomicU64,
    folder: PathBuf,
    hostname: String,
}

impl LocalContainer {
    /// Starts the main process; its number is the machine's own. The error is a
    /// runtime's text of why it could not be started.
    pub(crate) async fn start(
        command: &Command,
        surroundings: Surroundings<'_>,
    ) -> Result<(Self, Isolation, u32), String> {
        let why = |error: io::Error| format!("the container's shim: {}", reason(&error));
        let (lines, files) = outlets(surroundings.on_line).map_err(why)?;
        let kind = if surroundings.isolate { OVERLAY } else { BARE };
        let volumes = surroundings.volumes.iter().flat_map(Volume::words);
        let words: Vec<_> = std::iter::once(OsStr::new(kind)).chain(volumes).collect();
        let container = Self {
            folder: std::path::absolute(surroundings.folder).map_err(why)?,
            shim: Connection::open(surroundings.executable, &words, lines).map_err(why)?,
            next: AtomicU64::new(MAIN + 1),
            hostname: surroundings.hostname.to_owned(),
        };
        let mut replies = container.run(MAIN, command, files).ok_or(OVER)?;
        let isolation = isolation(&mut replies).await?;
        let pid = started(&mut replies).await?;
        Ok((container, isolation, pid))
    }

    /// SIGTERM to the main process, as a runtime does: not to its children.
    pub(crate) fn terminate(&self) {
        self.shim.ask(Request::Terminate, Vec::new());
    }

    /// SIGKILL to everything.
    pub(crate) fn kill(&self) {
        self.shim.ask(Request::Kill { id: MAIN }, Vec::new());
    }

    /// Ends when the main process and everything else in the container have: with its
    /// exit code, 128 and the signal where it was one.
    /// Waiting does not keep the container alive.
    pub(crate) fn wait(&self) -> impl Future<Output = i32> + Send + use<> {
        let mut ended = self.shim.ended();
        async move {
            let code = ended.wait_for(Option::is_some).await;
            code.ok().and_then(|code| *code).unwrap_or(KILLED)
        }
    }

    /// Runs a command beside the main process, until it ended and nobody holds its
    /// output any more. Dropped before that, the command is killed.
    pub(crate) async fn exec(&self, command: &Command, on_start: impl FnOnce()) -> ExecResult {
        match self.begin(command).await {
            Ok(running) => {
                on_start();
                running.end().await
            }
            Err(why) => ExecResult::CannotStart(why),
        }
    }

    async fn begin(&self, command: &Command) -> Result<Running<'_>, String> {
        let why = |error: io::Error| reason(&error);
        let (stdout, stdout_file) = pipe().map_err(why)?;
        let (stderr, stderr_file) = pipe().map_err(why)?;
        let id = self.next.fetch_add(1, Relaxed);
        let files = vec![stdout_file, stderr_file];
        let replies = self.run(id, command, files).ok_or(OVER)?;
        let mut running = Running {
            shim: &self.shim,
            id,
            replies,
            output: [stdout, stderr].map(|pipe| tokio::spawn(capture(pipe, self.shim.ended()))),
            over: false,
        };
        let begun = started(&mut running.replies).await;
        running.over = begun.is_err();
        begun.map(|_| running)
    }

    fn run(
        &self,
        id: u64,
        command: &Command,
        files: Vec<OwnedFd>,
    ) -> Option<UnboundedReceiver<Reply>> {
        let replies = self.shim.replies(id)?;
        let program = self.program(command);
        self.shim.ask(Request::Run { id, program }, files);
        Some(replies)
    }

    fn program(&self, command: &Command) -> Program {
        let named = command.working_dir.as_deref().unwrap_or_default();
        Program {
            argv: command.argv.clone(),
            env: environment(&command.env, &self.hostname),
            working_dir: self.folder.join(named).to_string_lossy().into_owned(),
        }
    }
}

/// A command that was asked for.
struct Running<'a> {
    shim: &'a Connection,
    id: u64,
    replies: UnboundedReceiver<Reply>,
    output: [JoinHandle<Captured>; 2],
    over: bool,
}

impl Running<'_> {
    async fn end(mut self) -> ExecResult {
        let last = self.replies.recv().await;
        let [stdout, stderr] = &mut self.output;
        let (stdout, stderr) = (stdout.await, stderr.await);
        self.over = true;
        let output = output(stdout.unwrap_or_default(), stderr.unwrap_or_default());
        match last {
            Some(Reply::Exited {
                code,
                killed: false,
                ..
            }) => ExecResult::Exited { code, output },
            // The container ended, or its shim without a word.
            _ => ExecResult::Killed {
                code: KILLED,
                output,
            },
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.shim.ask(Request::Kill { id: self.id }, Vec::new());
        }
    }
}

fn output(stdout: Captured, stderr: Captured) -> Output {
    Output {
        stdout: stdout.bytes,
        stderr: stderr.bytes,
        stdout_total: stdout.total,
        stderr_total: stderr.total,
    }
}

/// Tasks that hand on what the main process prints, and the files it prints into.
fn outlets(on_line: Option<OnLine>) -> io::Result<(Vec<JoinHandle<()>>, Vec<OwnedFd>)> {
    let Some(on_line) = on_line else {
        return Ok((Vec::new(), Vec::new()));
    };
    let on_line = Arc::new(Mutex::new(on_line));
    let (stdout, stdout_file) = pipe()?;
    let (stderr, stderr_file) = pipe()?;
    let lines = [(stdout, Stream::Stdout), (stderr, Stream::Stderr)];
    let tasks = lines.map(|(pipe, stream)| tokio::spawn(relay(pipe, stream, on_line.clone())));
    Ok((tasks.into(), vec![stdout_file, stderr_file]))
}

async fn isolation(replies: &mut UnboundedReceiver<Reply>) -> Result<Isolation, String> {
    match replies.recv().await {
        Some(Reply::Ready { not_isolated }) => {
            Ok(not_isolated.map_or(Isolation::Overlay, Isolation::None))
        }
        _ => Err("the container's shim: it ended before it was ready".into()),
    }
}

async fn started(replies: &mut UnboundedReceiver<Reply>) -> Result<u32, String> {
    match replies.recv().await {
        Some(Reply::Started { pid, .. }) => Ok(pid),
        Some(Reply::Refused { why, .. }) => Err(why),
        _ => Err(OVER.into()),
    }
}

/// A container's own, and what a runtime adds; nothing of podhook's.
fn environment(own: &[(String, String)], hostname: &str) -> Vec<(String, String)> {
    let root = rustix::process::geteuid().is_root();
    let home = if root { "/root" } else { "/" };
    let added = [("PATH", PATH), ("HOSTNAME", hostname), ("HOME", home)];
    let added = added.map(|(name, value)| (name.to_owned(), value.to_owned()));
    // The last one of a name holds.
    added.into_iter().chain(own.iter().cloned()).collect()
}
