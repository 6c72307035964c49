//! What a hook may spend.

use crate::grammar;
use crate::options::lexer::{Lexer, Misspelt};
use podhook_ledger::AccountLimits;
use podhook_lifecycle::{Budget, Caps, CpuMax};
use std::time::Duration;

/// Limits as they are written; `None`: not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitOptions {
    /// `--cpu`, in thousandths of a CPU; 0 is none.
    pub cpu: Option<u64>,
    /// `--cpu-period`, in microseconds.
    pub cpu_period: Option<u64>,
    /// `--memory`, in bytes.
    pub memory: Option<u64>,
    /// `--fuel`.
    pub fuel: Option<u64>,
    /// `--timeout`; zero is none.
    pub timeout: Option<Duration>,
    /// `--max-output`, in bytes of each stream.
    pub max_output: Option<u64>,
    /// `--max-open-files`.
    pub max_open_files: Option<usize>,
    /// `--max-requests`.
    pub max_requests: Option<u64>,
    /// `--max-response`, in bytes.
    pub max_response: Option<u64>,
    /// `--max-random`, in bytes.
    pub max_random: Option<u64>,
    /// `--max-disk`, in bytes.
    pub max_disk: Option<u64>,
    /// `--max-files`.
    pub max_files: Option<u64>,
    /// `--max-depth`.
    pub max_depth: Option<usize>,
    /// `--max-host-calls`.
    pub max_host_calls: Option<u64>,
}

/// Microseconds of a period that is not written: the kernel's and the kubelet's.
pub const CPU_PERIOD_USEC: u64 = 100_000;

impl LimitOptions {
    /// Takes `--NAME` if it is one of these.
    pub(super) fn take(&mut self, name: &str, lexer: &mut Lexer) -> Result<bool, Misspelt> {
        match name {
            "cpu" => self.cpu = Some(lexer.value(grammar::milli_cpu)?),
            "cpu-period" => self.cpu_period = Some(lexer.value(grammar::cpu_period)?),
            "memory" => self.memory = Some(lexer.value(grammar::size)?),
            "fuel" => self.fuel = Some(lexer.value(str::parse)?),
            "timeout" => self.timeout = Some(lexer.value(grammar::duration)?),
            "max-output" => self.max_output = Some(lexer.value(grammar::size)?),
            "max-open-files" => self.max_open_files = Some(lexer.value(str::parse)?),
            "max-requests" => self.max_requests = Some(lexer.value(str::parse)?),
            "max-response" => self.max_response = Some(lexer.value(grammar::size)?),
            "max-random" => self.max_random = Some(lexer.value(grammar::size)?),
            "max-disk" => self.max_disk = Some(lexer.value(grammar::size)?),
            "max-files" => self.max_files = Some(lexer.value(str::parse)?),
            "max-depth" => self.max_depth = Some(lexer.value(str::parse)?),
            "max-host-calls" => self.max_host_calls = Some(lexer.value(str::parse)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The CPU limit that is written; 0 is written, and none.
    #[must_use]
    pub fn cpu_max(&self) -> Option<CpuMax> {
        let period = self.cpu_period.unwrap_or(CPU_PERIOD_USEC);
        self.cpu.map(|milli| CpuMax::of_milli_cpu(milli, period))
    }

    /// The limits that are written, and no others.
    #[must_use]
    pub fn own(&self) -> AccountLimits {
        AccountLimits {
            cpu: self.cpu_max().unwrap_or_default(),
            memory_max: self.memory,
            ..AccountLimits::default()
        }
    }

    /// What is said here, and what the place of the call has instead where nothing is.
    #[must_use]
    pub fn budget(&self, default: &Budget) -> Budget {
        Budget {
            timeout: match self.timeout {
                Some(timeout) => (!timeout.is_zero()).then_some(timeout),
                None => default.timeout,
            },
            fuel: self.fuel,
            cpu: self.cpu_max().unwrap_or(default.cpu),
            memory: self.memory.or(default.memory),
            caps: self.caps(default.caps),
        }
    }

    fn caps(&self, default: Caps) -> Caps {
        let output = self
            .max_output
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Caps {
            output: output.unwrap_or(default.output),
            handles: self.max_open_files.unwrap_or(default.handles),
            random: self.max_random.unwrap_or(default.random),
            response: self.max_response.unwrap_or(default.response),
            requests: self.max_requests.unwrap_or(default.requests),
            disk: self.max_disk.unwrap_or(default.disk),
            files: self.max_files.unwrap_or(default.files),
            depth: self.max_depth.unwrap_or(default.depth),
            host_calls: self.max_host_calls.unwrap_or(default.host_calls),
            ..default
        }
    }
}
