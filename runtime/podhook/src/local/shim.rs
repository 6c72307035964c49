//! The process between podhook and one container: starts its processes, tells of their
//! ends, and leaves nothing behind.
//!
//! Hidden behind `podhook __container`. One thread, no runtime, no logging: it must end
//! what it started whatever happens to podhook. Decides nothing: when to kill is
//! podhook's to say, or said by its end.

use crate::local::KILLED;
use crate::local::overlay::{self, NotIsolated};
use crate::local::program::spawn;
use crate::local::protocol::{Control, MAIN, Program, Reply, Request};
use crate::local::sweep::{reap, sweep};
use crate::local::volume::Volume;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{
    Pid, Signal, getpgid, getpid, getppid, kill_process, kill_process_group, set_child_subreaper,
    setpgid, setsid,
};
use signal_hook::consts::{FORBIDDEN, SIGCHLD};
use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The word that makes podhook a shim, and those that say which kind.
pub(super) const WORD: &str = "__container";
pub(super) const OVERLAY: &str = "with-overlay";
pub(super) const BARE: &str = "without-overlay";

const LAST_SIGNAL: i32 = 64;

/// Does the shim's work where this process was started as one. To be called first in
/// `main`: before options are read, and before there is a second thread.
pub(crate) fn enter() -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    if args.next()? != WORD {
        return None;
    }
    let wants_overlay = args.next().is_some_and(|word| word == OVERLAY);
    let volumes = Volume::from_words(args);
    let wanted = wants_overlay.then_some(&*volumes);
    let served = Shim::new(wanted).and_then(Shim::serve);
    Some(ExitCode::from(if served.is_ok() { 0 } else { 70 }))
}

struct Shim {
    control: Control,
    children: UnixStream,
    isolated: bool,
    /// Why nothing may be started here.
    broken: Option<String>,
    running: HashMap<Pid, u64>,
}

impl Shim {
    /// `overlay`: the volumes that are to stand in it, if there is to be one.
    fn new(overlay: Option<&[Volume]>) -> io::Result<Self> {
        let control = Control::from_stdin()?;
        set_child_subreaper(Some(getpid()))?;
        leave_terminal();
        keep_files();
        let _ = rustix::thread::set_name(c"container-shim");
        let children = listen()?;
        let isolated = match overlay {
            Some(volumes) => overlay::isolate(volumes),
            None => Err(NotIsolated::Unavailable("not asked for".into())),
        };
        let (not_isolated, broken) = match isolated {
            Ok(()) => (None, None),
            Err(NotIsolated::Unavailable(why)) => (Some(why), None),
            Err(NotIsolated::Broken(why)) => (None, Some(why)),
        };
        let isolated = not_isolated.is_none();
        control.send(&Reply::Ready { not_isolated })?;
        Ok(Self {
            control,
            children,
            isolated,
            broken,
            running: HashMap::new(),
        })
    }

    /// Until the main process ended or podhook is gone.
    fn serve(mut self) -> io::Result<()> {
        loop {
            let Ok((asked, died)) = self.wait() else {
                return self.end(None, KILLED);
            };
            if died && let Some((main, code)) = self.bury() {
                return self.end(Some(main), code);
            }
            if asked && self.answer().is_err() {
                return self.end(None, KILLED);
            }
        }
    }

    fn wait(&self) -> io::Result<(bool, bool)> {
        let mut both = [
            PollFd::new(&self.control, PollFlags::IN),
            PollFd::new(&self.children, PollFlags::IN),
        ];
        match poll(&mut both, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [asked, died] = both.map(|one| !one.revents().is_empty());
        Ok((asked, died))
    }

    /// An error where there is nobody left to answer, or no container to speak of.
    fn answer(&mut self) -> io::Result<()> {
        let (request, files) = self.control.receive()?;
        match request {
            Request::Run { id, program } => self.run(id, &program, files),
            Request::Terminate => {
                self.signal(MAIN, |main| kill_process(main, Signal::TERM));
                Ok(())
            }
            Request::Kill { id: MAIN } => Err(ErrorKind::Interrupted.into()),
            Request::Kill { id } => {
                self.signal(id, |hook| kill_process_group(hook, Signal::KILL));
                Ok(())
            }
        }
    }

    fn run(&mut self, id: u64, program: &Program, files: Vec<OwnedFd>) -> io::Result<()> {
        let spawned = match &self.broken {
            Some(why) => Err(why.clone()),
            None => spawn(program, files, self.isolated),
        };
        match spawned {
            Ok(pid) => {
                self.running.insert(pid, id);
                let pid = pid.as_raw_nonzero().get().unsigned_abs();
                self.control.send(&Reply::Started { id, pid })
            }
            Err(why) => {
                self.control.send(&Reply::Refused { id, why })?;
                // Without a main process there is no container.
                if id == MAIN {
                    Err(ErrorKind::NotFound.into())
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Only to what has not been waited for: its number cannot be another's yet.
    fn signal(&self, id: u64, send: impl FnOnce(Pid) -> Result<(), Errno>) {
        let found = self.running.iter().find(|(_, running)| **running == id);
        if let Some((pid, _)) = found {
            let _ = send(*pid);
        }
    }

    /// Waits for those that died; the main process and its code, if it is among them.
    fn bury(&mut self) -> Option<(Pid, i32)> {
        let _ = self.children.read(&mut [0; 64]);
        let mut main = None;
        reap(|pid, code| match self.running.remove(&pid) {
            Some(MAIN) => main = Some((pid, code)),
            Some(id) => tell(&self.control, id, code, false),
            // Some process that lost its parent.
            None => {}
        });
        main
    }

    /// Kills the rest. `code` is that of a main process that is already gone; its number
    /// still names its group, as numbers are given out in turn.
    fn end(mut self, main: Option<Pid>, mut code: i32) -> io::Result<()> {
        let groups: Vec<_> = self.running.keys().copied().chain(main).collect();
        sweep(groups, |pid, status| match self.running.remove(&pid) {
            Some(MAIN) => code = status,
            Some(id) => tell(&self.control, id, status, status == KILLED),
            None => {}
        });
        tell(&self.control, MAIN, code, false);
        Ok(())
    }
}

/// Podhook may be gone; then there is nobody to tell.
fn tell(control: &Control, id: u64, code: i32, killed: bool) {
    let _ = control.send(&Reply::Exited { id, code, killed });
}

/// Into a session of its own, so that Ctrl-C is podhook's alone. It was started as the
/// leader of a group, for the same reason, and a leader cannot begin a session: so back
/// into podhook's group for a moment.
fn leave_terminal() {
    let _ = getpgid(getppid()).and_then(|group| setpgid(None, Some(group)));
    let _ = setsid();
}

/// What podhook itself was given beyond the three standard files is not for containers.
#[allow(unsafe_code)]
fn keep_files() {
    let open = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    for number in numbers.filter(|number: &RawFd| *number > 2) {
        // SAFETY: borrowed for one call, in a process that has one thread and closes
        // nothing meanwhile.
        let file = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(file, FdFlags::CLOEXEC);
    }
}

/// Handles every signal, so that none ends the shim and none is ignored in what it
/// starts: executing a program resets handlers, but keeps what is ignored.
fn listen() -> io::Result<UnixStream> {
    let (children, wake) = UnixStream::pair()?;
    children.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(SIGCHLD, wake)?;
    let unused = Arc::new(AtomicBool::new(false));
    for signal in (1..=LAST_SIGNAL).filter(|signal| !FORBIDDEN.contains(signal)) {
        // The C library keeps two for itself.
        let _ = signal_hook::flag::register(signal, Arc::clone(&unused));
    }
    Ok(children)
}
