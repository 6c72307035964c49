//! The container's main process: to signal it, and to wait for its end.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::host;

/// Sends a signal to the container's main process, as `nginx -s quit` does to nginx.
///
/// Needs the grant `--allow-signal`.
///
/// ```
/// use podhook::{container::{self, Signal}, testing::Mock};
/// use std::time::Duration;
///
/// let _host = Mock::new().main_process_heeds(Signal::Quit, Duration::from_secs(2));
/// container::signal(Signal::Quit)?;
/// assert!(container::wait_until_stopped(Some(Duration::from_secs(10)))?);
/// # Ok::<_, podhook::Error>(())
/// ```
pub fn signal(signal: Signal) -> Result<(), Error> {
    host::container_signal(signal)
}

/// Whether the container's main process is still there.
pub fn running() -> Result<bool, Error> {
    host::container_running()
}

/// Waits until the container's main process has ended: `true` when it has, `false`
/// when `timeout` passed first.
///
/// The host is told by the kernel: waiting costs nothing and ends at once. `None`
/// waits until the budget ends, which ends the hook too. Rounded up to milliseconds.
pub fn wait_until_stopped(timeout: Option<Duration>) -> Result<bool, Error> {
    host::container_wait(timeout)
}

/// The signals a hook may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of signal(7)")]
pub enum Signal {
    Hup,
    Int,
    Quit,
    Term,
    Usr1,
    Usr2,
    Winch,
}

impl Signal {
    const ALL: [Self; 7] = [
        Self::Hup,
        Self::Int,
        Self::Quit,
        Self::Term,
        Self::Usr1,
        Self::Usr2,
        Self::Winch,
    ];

    /// Its full name: `SIGQUIT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hup => "SIGHUP",
            Self::Int => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::Term => "SIGTERM",
            Self::Usr1 => "SIGUSR1",
            Self::Usr2 => "SIGUSR2",
            Self::Winch => "SIGWINCH",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `SIGQUIT` or `QUIT`, in any case.
impl FromStr for Signal {
    type Err = UnknownSignal;

    fn from_str(text: &str) -> Result<Self, UnknownSignal> {
        let upper = text.to_ascii_uppercase();
        let wanted = upper.strip_prefix("SIG").unwrap_or(&upper);
        let is_wanted = |signal: &Self| signal.name().strip_prefix("SIG") == Some(wanted);
        Self::ALL
            .into_iter()
            .find(is_wanted)
            .ok_or_else(|| UnknownSignal(text.to_owned()))
    }
}

/// A signal's name that none of [`Signal`]'s is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSignal(String);

impl fmt::Display for UnknownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Signal::ALL.map(Signal::name).join(", ");
        write!(f, "unknown signal {:?}: one of {names}", self.0)
    }
}

impl std::error::Error for UnknownSignal {}

/// Why the container could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The operator did not grant this.
    Denied,
    /// The container's main process is gone, or its process id is unknown.
    NotRunning,
    /// Anything else, in the host's words.
    Other(String),
    /// Not inside a podhook sandbox.
    Unavailable,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "container: denied",
            Self::NotRunning => "container: main process gone or unknown",
            Self::Other(text) => return write!(f, "container: {text}"),
            Self::Unavailable => "container: not inside a podhook sandbox",
        })
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_read_with_and_without_prefix() {
        for text in ["QUIT", "SIGQUIT", "quit", "sigquit"] {
            assert_eq!(text.parse(), Ok(Signal::Quit));
        }
        for signal in Signal::ALL {
            assert_eq!(signal.to_string().parse(), Ok(signal));
        }
    }

    #[test]
    fn an_unknown_signal_is_told_with_the_known_ones() {
        let text = "KILL".parse::<Signal>().unwrap_err().to_string();
        assert!(
            text.starts_with("unknown signal \"KILL\": one of SIGHUP, "),
            "{text}"
        );
    }
}
