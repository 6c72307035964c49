//! Files a run has open, and threads that still hang on them when it is over.
//!
//! A call that waits for a file (a FIFO that nobody else opens, a terminal nobody types at)
//! waits on a thread of its own. The run ends with its deadline; the thread would wait for as
//! long as this process lives. The kernel says which file a thread's system call is about
//! (`/proc/self/task/TID/syscall`), and a signal with an empty handler makes the call return.
//! Whoever waits for a file of another run is left alone.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::any::Any;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Once, Weak};
use std::time::Duration;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::Descriptor;

/// Files that were opened; those that are closed are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    files: Vec<Weak<File>>,
}

/// What a guest has open, in the order of its table.
pub(crate) fn descriptors(table: &mut ResourceTable) -> impl Iterator<Item = &Descriptor> {
    let entries = table.iter_mut();
    entries.filter_map(|entry| (&*entry as &dyn Any).downcast_ref())
}

/// As many are looked through before those that are closed are dropped.
const LOOK_THROUGH: usize = 512;

impl Opened {
    pub(crate) fn add(&mut self, file: &Arc<File>) {
        if self.files.len() >= LOOK_THROUGH && self.files.len().is_power_of_two() {
            self.files.retain(|file| file.strong_count() > 0);
        }
        self.files.push(Arc::downgrade(file));
    }

    /// Once the run is over: whatever is still open is waited for by a thread.
    pub(crate) fn release(self) {
        let held = self.files.iter().filter_map(Weak::upgrade);
        let held: Vec<Arc<File>> = held.collect();
        if held.is_empty() {
            return;
        }
        let wakes = std::thread::Builder::new().name("podhook-release".to_owned());
        if let Err(why) = wakes.spawn(move || wake_until_free(held)) {
            tracing::warn!("a thread that waits for a file is left waiting: {why}");
        }
    }
}

/// Ends its own waiting soon, and then less and less often: a call may not have begun yet,
/// and some cannot be ended at all (a network's file system that does not answer).
const FIRST: Duration = Duration::from_micros(200);
const LONGEST: Duration = Duration::from_secs(1);

fn wake_until_free(mut held: Vec<Arc<File>>) {
    install_handler();
    let mut pause = FIRST;
    loop {
        // Ours is one.
        held.retain(|file| Arc::strong_count(file) > 1);
        if held.is_empty() {
            return;
        }
        wake_waiting_for(&held);
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST);
    }
}

/// SIGURG: where nobody handles it, it is ignored.
const WAKE: Signal = Signal::SIGURG;

extern "C" fn nothing(_: i32) {}

/// Without `SA_RESTART`: the call that it meets returns. A handler that is there already
/// does as well.
#[expect(unsafe_code, reason = "a signal handler, which does nothing")]
fn install_handler() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let action = SigAction::new(
            SigHandler::Handler(nothing),
            SaFlags::empty(),
            SigSet::empty(),
        );
        // SAFETY: the handler is empty, so it is safe at any point of any thread.
        match unsafe { sigaction(WAKE, &action) } {
            Ok(before) if !matches!(before.handler(), SigHandler::SigDfl) => {
                // SAFETY: what was there before, by whoever embeds us.
                let _ = unsafe { sigaction(WAKE, &before) };
            }
            Ok(_) => {}
            Err(why) => tracing::warn!("no handler for SIGURG: {why}"),
        }
    });
}

fn wake_waiting_for(held: &[Arc<File>]) {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return;
    };
    for thread in threads.flatten() {
        let Ok(call) = std::fs::read_to_string(thread.path().join("syscall")) else {
            continue;
        };
        let is_held = |fd| held.iter().any(|file| i64::from(file.as_raw_fd()) == fd);
        if let (Some(fd), Some(tid)) = (first_argument(&call), tid(&thread.file_name()))
            && is_held(fd)
        {
            let process = rustix::process::getpid().as_raw_nonzero().get();
            wake(process, tid);
        }
    }
}

fn tid(name: &std::ffi::OsStr) -> Option<i32> {
    name.to_str()?.parse().ok()
}

/// `NUMBER 0xARGUMENT …`; `running` where there is none.
fn first_argument(call: &str) -> Option<i64> {
    let argument = call.split_ascii_whitespace().nth(1)?;
    let digits = argument.strip_prefix("0x")?;
    i64::from_str_radix(digits, 16).ok()
}

#[expect(unsafe_code, reason = "tgkill, which no crate without unsafe code has")]
fn wake(process: i32, thread: i32) {
    let (process, thread) = (libc::c_long::from(process), libc::c_long::from(thread));
    // SAFETY: numbers in, a number out. A thread that is gone is an error, which is fine.
    unsafe {
        libc::syscall(
            libc::SYS_tgkill,
            process,
            thread,
            libc::c_long::from(WAKE as i32),
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, openat};
    use std::sync::mpsc;

    #[test]
    fn who_hangs_on_a_file_of_a_run_that_is_over_is_woken() {
        let kept = tempfile::tempdir().unwrap();
        let fifo = kept.path().join("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let dir = Arc::new(File::open(kept.path()).unwrap());
        let mut opened = Opened::default();
        opened.add(&dir);
        let (said, heard) = mpsc::channel();
        let inner = dir.clone();
        std::thread::spawn(move || {
            // As upstream does it: the folder is held for as long as the call takes.
            let opened = openat(&*inner, "fifo", OFlags::RDONLY, Mode::empty());
            drop(inner);
            said.send(opened.map(drop)).unwrap();
        });
        drop(dir);
        opened.release();
        let woken = heard.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(woken, Err(rustix::io::Errno::INTR));
    }

    #[test]
    fn files_that_are_closed_are_forgotten() {
        let mut opened = Opened::default();
        let file = Arc::new(File::open("/dev/null").unwrap());
        opened.add(&file);
        for _ in 0..10_000 {
            opened.add(&Arc::new(File::open("/dev/null").unwrap()));
        }
        assert!(
            opened.files.len() <= 2 * LOOK_THROUGH,
            "{}",
            opened.files.len()
        );
        let live = opened.files.iter().filter(|file| file.strong_count() > 0);
        assert_eq!(live.count(), 1);
    }

    #[test]
    fn the_kernels_line_is_read() {
        assert_eq!(first_argument("437 0x6 0x7f 0x1\n"), Some(6));
        assert_eq!(first_argument("running\n"), None);
        assert_eq!(first_argument("-1 0x7ffd 0x0"), Some(0x7ffd));
    }
}
