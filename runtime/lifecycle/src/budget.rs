//! What one invocation may spend.

use crate::CpuMax;
use std::time::Duration;

/// Time, computation and memory of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Wall-clock time from before the module is instantiated. `None`: no deadline.
    pub timeout: Option<Duration>,
    /// Units of computation. `None`: not counted.
    pub fuel: Option<u64>,
    /// CPU time per period: a throttle, as `cpu.max`, not an end.
    pub cpu: CpuMax,
    /// Bytes over all memories, tables and buffers kept for the hook. `None`: no
    /// limit of its own (a limit of its account still binds).
    pub memory: Option<u64>,
    /// Caps of the sandbox.
    pub caps: Caps,
}

impl Default for Budget {
    /// 30 s, 128 MiB, CPU time without limit, fuel not counted, default [`Caps`]: what `podhook run` and
    /// `podhook serve` give a hook.
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(30)),
            fuel: None,
            cpu: CpuMax::NONE,
            memory: Some(128 << 20),
            caps: Caps::default(),
        }
    }
}

/// What is kept of too much output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The first three quarters and the last: how it began, and how it ended.
    Ends,
    /// The end.
    Tail,
}

/// Limits a container does not have, because a process in it could not do to its
/// kernel what a guest can do to its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bytes kept of stdout, and as many of stderr; what is cut is counted.
    pub output: usize,
    /// Which of them.
    pub output_kept: Kept,
    /// Open files, streams, sockets and requests at one time.
    pub handles: usize,
    /// Bytes a single host call may copy out of the guest.
    pub hostcall_bytes: usize,
    /// Random bytes over the whole run.
    pub random: u64,
    /// Bytes of one HTTP response, body and fields.
    pub response: u64,
    /// HTTP requests over the whole run.
    pub requests: u64,
    /// Bytes of log records and events together.
    pub records: usize,
    /// Bytes written to files over the whole run, and those that files are made longer by.
    pub disk: u64,
    /// Files, folders and links made over the whole run.
    pub files: u64,
    /// Folders below a granted one that a new folder may be in, counting itself.
    pub depth: usize,
    /// Calls of the host over the whole run.
    pub host_calls: u64,
}

impl Default for Caps {
    /// | cap | value | because |
    /// |---|---|---|
    /// | `output` | 64 KiB | what a person reads; a kubelet keeps less |
    /// | `handles` | 256 | a hook is no server; keeps the host's open files below the usual 1,024 |
    /// | `hostcall_bytes` | 16 MiB | above the largest body a hook may be sent |
    /// | `random` | 1 MiB | keys and nonces, not noise |
    /// | `response` | 8 MiB | an answer, not a download |
    /// | `requests` | 1,000 | polling every 30 ms for 30 s |
    /// | `records` | 64 KiB | as for output |
    /// | `disk` | 256 MiB | a snapshot or a dump, not a disk full |
    /// | `files` | 10,000 | the same, of inodes |
    /// | `depth` | 64 | whoever clears a folder up goes down as far |
    /// | `host_calls` | 10,000,000,000 | some minutes of nothing else: deadlines come first |
    fn default() -> Self {
        Self {
            output: 64 << 10,
            output_kept: Kept::Ends,
            handles: 256,
            hostcall_bytes: 16 << 20,
            random: 1 << 20,
            response: 8 << 20,
            requests: 1000,
            records: 64 << 10,
            disk: 256 << 20,
            files: 10_000,
            depth: 64,
            host_calls: 10_000_000_000,
        }
    }
}
