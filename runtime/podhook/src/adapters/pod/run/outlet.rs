//! The way to stdout, on a thread of its own: a reader that does not read must not stop a
//! pod's clock, nor the signals that are to end it.

use crate::kubelet::live::Teller;
use crate::terminal::try_stdout;
use podhook_runner::CommandError;
use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedSemaphorePermit;

/// Text, and what is given back once it is written.
type Piece = (String, Option<OwnedSemaphorePermit>);

/// Takes text, and never makes anybody wait.
#[derive(Clone)]
pub(super) struct Outlet {
    sender: Sender<Piece>,
    failed: Failed,
}

/// Why stdout could not be written, where it could not.
#[derive(Clone, Default)]
pub(super) struct Failed(Arc<Mutex<Option<CommandError>>>);

impl Failed {
    pub(super) fn take(&self) -> Option<CommandError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Outlet {
    /// Tells `teller` when the reader goes away, and when all is written and nobody has
    /// anything to write any more.
    pub(super) fn open(teller: Teller) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let failed = Failed::default();
        let outlet = Self {
            sender,
            failed: failed.clone(),
        };
        std::thread::Builder::new()
            .name("podhook-output".to_owned())
            .spawn(move || {
                if let Err(error) = write_all(&receiver) {
                    let failure = CommandError::host_fault("stdout", &error);
                    if error.kind() != ErrorKind::BrokenPipe {
                        *failed.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                    }
                    teller.unheard();
                }
                teller.written();
            })?;
        Ok(outlet)
    }

    pub(super) fn write(&self, text: String, permit: Option<OwnedSemaphorePermit>) {
        // After a failure there is nobody left to write for.
        let _ = self.sender.send((text, permit));
    }

    pub(super) fn failed(&self) -> Failed {
        self.failed.clone()
    }
}

fn write_all(pieces: &Receiver<Piece>) -> io::Result<()> {
    while let Ok((text, _permit)) = pieces.recv() {
        try_stdout(text.as_bytes())?;
    }
    Ok(())
}
