//! SIGINT and SIGTERM, for commands that have something to clear away first.

use podhook_lifecycle::CancelReason;
use podhook_runner::CommandError;
use podhook_sandbox::Cancel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Told when the command is to end. A second signal ends it at once.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    signal: Option<i32>,
    running: Vec<Cancel>,
}

impl Interrupt {
    /// Listens from here on.
    pub(crate) fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let told = interrupt.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let thread = std::thread::Builder::new().name("podhook-signals".to_owned());
        thread.spawn(move || {
            for signal in signals.forever() {
                let mut told = told.told();
                if told.signal.replace(signal).is_some() {
                    std::process::exit(128 + signal);
                }
                for hook in told.running.drain(..) {
                    hook.cancel(CancelReason::Interrupted);
                }
            }
        })?;
        Ok(interrupt)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A hook that ends with the command.
    pub(crate) fn cancels(&self, hook: &Cancel) {
        self.told().running.push(hook.clone());
    }

    /// 130 or 143, where it was told to end.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        match self.told().signal {
            None => Ok(()),
            Some(signal) => Err(CommandError::interrupted("podhook", signal)),
        }
    }
}
