//! SIGINT and SIGTERM stop the hook, without a thread that waits for them.
//!
//! A guest that computes looks up when the engine's epoch moves on, which a signal
//! handler can see to. It may miss the first time (see the sandbox's alarm), so a timer
//! goes on until the process has ended. A hook that waits has an event loop, and that
//! hears of signals through a socket, which is not made before.

use podhook_lifecycle::CancelReason;
use podhook_sandbox::Cancel;
use signal_hook::consts::{SIGALRM, SIGINT, SIGTERM};
use signal_hook::low_level::{self, pipe};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// What stops the hook, and how that is called.
const REASONS: [(i32, CancelReason); 2] = [
    (SIGINT, CancelReason::Interrupted),
    (SIGTERM, CancelReason::Terminated),
];

/// How often a guest that computes is told again, in microseconds.
const AGAIN_USEC: i32 = 5_000;

/// How often at most: a hook that is in the kernel for longer does not hear, and is left
/// to it. A quarter of a second.
const MOST: u32 = 50;

/// From now on signals stop the hook. `interrupt` makes a guest look up.
pub(crate) fn listen(
    cancel: &Cancel,
    interrupt: impl Fn() + Send + Sync + 'static,
) -> io::Result<()> {
    let interrupt = Arc::new(interrupt);
    for (signal, reason) in REASONS {
        let (cancel, interrupt) = (cancel.clone(), interrupt.clone());
        on(signal, move || {
            cancel.note(reason);
            interrupt();
            start_timer();
        })?;
    }
    let (cancel, rings) = (cancel.clone(), AtomicU32::new(0));
    on(SIGALRM, move || {
        interrupt();
        if rings.fetch_add(1, SeqCst) >= MOST {
            leave(cancel.reason());
        }
    })
}

/// Tells the event loop of signals, in which this is called.
pub(crate) fn watch(cancel: Cancel) {
    let waits = async move {
        let (heard, ours) = tokio::net::UnixStream::pair()?;
        let ours = ours.into_std()?;
        for (signal, _) in REASONS {
            pipe::register(signal, ours.try_clone()?)?;
        }
        // One that came before is known already.
        if cancel.reason().is_none() {
            heard.readable().await?;
        }
        if let Some(reason) = cancel.reason() {
            cancel.cancel(reason);
        }
        io::Result::Ok(())
    };
    tokio::task::spawn(waits);
}

#[expect(unsafe_code, reason = "signal handlers are")]
fn on(signal: i32, action: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    // SAFETY: the actions set atomics and make system calls that may be made there
    // (signal-safety(7)); they neither allocate nor lock.
    unsafe { low_level::register(signal, action) }.map(drop)
}

/// SIGALRM from now on, again and again.
#[expect(unsafe_code, reason = "no safe binding")]
fn start_timer() {
    let again = libc::timeval {
        tv_sec: 0,
        tv_usec: AGAIN_USEC.into(),
    };
    let timer = libc::itimerval {
        it_interval: again,
        it_value: again,
    };
    // SAFETY: the timer outlives the call, and nobody asks for the one before.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
}

/// The hook does not hear: it is in the kernel, which ends with the process.
fn leave(reason: Option<CancelReason>) {
    let status = match reason {
        Some(CancelReason::Interrupted) => 130,
        Some(CancelReason::Terminated) | None => 143,
    };
    let said = b"error: Cancelled: told to stop while a call of the hook's did not return\n";
    let _ = rustix::io::write(io::stderr(), said);
    low_level::exit(status);
}
