//! How an invocation can end, and the exit status that says so.
//!
//! A failure of the guest is never an error of ours: it is an [`Outcome`]. The
//! exit statuses are those of `sysexits.h` and of `128 + signal`, so that none of
//! them can be taken for a guest's own 1..125.

/// A sandbox's own limit that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The deadline.
    Time,
    /// The memory limit; the reason is then `OOMKilled`.
    Memory,
    /// Fuel.
    Fuel,
    /// Files made.
    Files,
    /// Open handles.
    Handles,
    /// Bytes on disk.
    Disk,
    /// HTTP requests, or bytes of an answer.
    Network,
    /// Random bytes.
    Random,
    /// Host calls, or the bytes given to one.
    Hostcalls,
}

impl Resource {
    /// As in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Fuel => "fuel",
            Self::Files => "files",
            Self::Handles => "handles",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Random => "random",
            Self::Hostcalls => "hostcalls",
        }
    }

    /// 124 as `timeout(1)`, 137 as SIGKILL, 152 as SIGXCPU, 153 as SIGXFSZ.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Time => 124,
            Self::Memory => 137,
            Self::Fuel => 152,
            Self::Files
            | Self::Handles
            | Self::Disk
            | Self::Network
            | Self::Random
            | Self::Hostcalls => 153,
        }
    }
}

/// How the hook itself said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// A command's exit status, 1..=125.
    Exit(u8),
    /// A lifecycle export's `failed`: final.
    Failed,
    /// A lifecycle export's `retryable`: might succeed if called again.
    Retryable,
    /// A lifecycle export's `invalid-input`.
    InvalidInput,
    /// An HTTP status of 400 or more.
    Status(u16),
    /// A module of kind `http` that gave an error, or no answer at all.
    NoAnswer,
}

impl Failure {
    /// The guest's own status, 64 (`EX_USAGE`), 75 (`EX_TEMPFAIL`), else 1.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Exit(status) => status,
            Self::InvalidInput => 64,
            Self::Retryable => 75,
            Self::Failed | Self::Status(_) | Self::NoAnswer => 1,
        }
    }
}

/// Why a hook was not run at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not a module, or not one we run.
    InvalidModule,
    /// What it was to be granted is not to be had.
    Policy,
}

/// Who told podhook to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// SIGINT, as from Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

/// How an invocation ended. To be matched without `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Exit 0, `ok`, or an HTTP status below 400.
    Succeeded,
    /// The hook itself said no.
    Failed(Failure),
    /// A wasm trap, or an exit status over 125.
    Trapped,
    /// A limit was met.
    Exhausted(Resource),
    /// It was never started.
    Refused(Refusal),
    /// podhook was told to stop.
    Cancelled(CancelReason),
    /// Our own failure, never the guest's.
    HostFault,
}

impl Outcome {
    /// As in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed(_) => "Failed",
            Self::Trapped => "Trapped",
            Self::Exhausted(_) => "Exhausted",
            Self::Refused(_) => "Refused",
            Self::Cancelled(_) => "Cancelled",
            Self::HostFault => "HostFault",
        }
    }

    /// The status podhook exits with.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Failed(failure) => failure.exit_status(),
            Self::Trapped => 134,
            Self::Exhausted(resource) => resource.exit_status(),
            Self::Refused(Refusal::InvalidModule) => 65,
            Self::Refused(Refusal::Policy) => 77,
            Self::Cancelled(CancelReason::Interrupted) => 130,
            Self::Cancelled(CancelReason::Terminated) => 143,
            Self::HostFault => 70,
        }
    }

    /// One word on top of the outcome, where the field has one.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Exhausted(Resource::Memory) => Some("OOMKilled"),
            Self::Exhausted(Resource::Time) => Some("DeadlineExceeded"),
            Self::Refused(Refusal::InvalidModule) => Some("InvalidModule"),
            Self::Refused(Refusal::Policy) => Some("Forbidden"),
            Self::Failed(Failure::Retryable) => Some("Retryable"),
            Self::Failed(Failure::InvalidInput) => Some("InvalidInput"),
            Self::Cancelled(CancelReason::Interrupted) => Some("Interrupted"),
            Self::Cancelled(CancelReason::Terminated) => Some("Terminated"),
            Self::Succeeded
            | Self::Failed(_)
            | Self::Trapped
            | Self::Exhausted(_)
            | Self::HostFault => None,
        }
    }

    /// The limit that was met, where one was.
    #[must_use]
    pub const fn resource(self) -> Option<Resource> {
        match self {
            Self::Exhausted(resource) => Some(resource),
            Self::Succeeded
            | Self::Failed(_)
            | Self::Trapped
            | Self::Refused(_)
            | Self::Cancelled(_)
            | Self::HostFault => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_statuses_are_those_of_the_contract() {
        let table = [
            (Outcome::Succeeded, 0),
            (Outcome::Failed(Failure::Exit(125)), 125),
            (Outcome::Failed(Failure::Failed), 1),
            (Outcome::Failed(Failure::InvalidInput), 64),
            (Outcome::Failed(Failure::Retryable), 75),
            (Outcome::Failed(Failure::Status(503)), 1),
            (Outcome::Exhausted(Resource::Time), 124),
            (Outcome::Exhausted(Resource::Memory), 137),
            (Outcome::Exhausted(Resource::Fuel), 152),
            (Outcome::Exhausted(Resource::Handles), 153),
            (Outcome::Trapped, 134),
            (Outcome::Refused(Refusal::InvalidModule), 65),
            (Outcome::Refused(Refusal::Policy), 77),
            (Outcome::Cancelled(CancelReason::Interrupted), 130),
            (Outcome::Cancelled(CancelReason::Terminated), 143),
            (Outcome::HostFault, 70),
        ];
        for (outcome, status) in table {
            assert_eq!(outcome.exit_status(), status, "{outcome:?}");
        }
    }
}
