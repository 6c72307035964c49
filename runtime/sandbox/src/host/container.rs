//! `podhook:lifecycle/container`: what an exec hook could do from inside.

use crate::bindings::podhook::lifecycle::container::{self, ContainerError};
use crate::event_loop;
use crate::guest::Guest;
use crate::host::process::{self, Process};
use podhook_lifecycle::Level;
use rustix::process::Signal;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use wasmtime::Result;

type ContainerResult<T> = Result<Result<T, ContainerError>>;

impl Guest {
    /// The granted process, or why there is none.
    fn main_process(&self) -> Result<&OwnedFd, ContainerError> {
        match &self.process {
            Process::Held(fd) => Ok(fd),
            Process::Gone | Process::Unknown => Err(ContainerError::NotRunning),
            Process::Denied => {
                let message = "the container's main process was asked for, but is not granted (--allow-signal, --container-pid N)";
                self.record.note(Level::Warn, message.to_owned());
                Err(ContainerError::Denied)
            }
        }
    }
}

impl container::Host for Guest {
    fn send_signal(&mut self, signal: container::Signal) -> ContainerResult<()> {
        Ok(self.main_process().and_then(|fd| {
            match Process::signal(fd, native(signal)).map_err(other)? {
                true => Ok(()),
                false => Err(ContainerError::NotRunning),
            }
        }))
    }

    fn running(&mut self) -> ContainerResult<bool> {
        Ok(match self.main_process() {
            Ok(fd) => process::has_ended(fd).map(|ended| !ended).map_err(other),
            Err(_) if matches!(self.process, Process::Gone) => Ok(false),
            Err(error) => Err(error),
        })
    }

    async fn wait_stopped(&mut self, timeout_ms: Option<u64>) -> ContainerResult<bool> {
        let fd = match self.main_process() {
            Ok(fd) => fd,
            Err(_) if matches!(self.process, Process::Gone) => return Ok(Ok(true)),
            Err(error) => return Ok(Err(error)),
        };
        event_loop::need()?;
        let ended = Process::ended(fd);
        let waited = match timeout_ms {
            None => ended.await,
            Some(millis) => {
                match tokio::time::timeout(Duration::from_millis(millis), ended).await {
                    Ok(waited) => waited,
                    Err(_) => return Ok(Ok(false)),
                }
            }
        };
        Ok(waited.map(|()| true).map_err(other))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
fn other(error: io::Error) -> ContainerError {
    ContainerError::Other(error.to_string())
}

fn native(signal: container::Signal) -> Signal {
    match signal {
        container::Signal::Hup => Signal::HUP,
        container::Signal::Int => Signal::INT,
        container::Signal::Quit => Signal::QUIT,
        container::Signal::Term => Signal::TERM,
        container::Signal::Usr1 => Signal::USR1,
        container::Signal::Usr2 => Signal::USR2,
        container::Signal::Winch => Signal::WINCH,
    }
}
