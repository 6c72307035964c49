//! Options that several commands share: grants, limits, and how to print.

use crate::error::CliError;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use podhook_ledger::AccountLimits;
use podhook_lifecycle::{Budget, Caps, CpuMax, DirGrant, Grants, HostGrant, SignalGrant};
use podhook_runner::grammar;
use std::time::Duration;

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    Text,
    /// For a program: one JSON object on stdout, nothing else
    Json,
}

/// What a hook may spend.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitOptions {
    /// CPU limit as in a pod (500m, 2): a hook that has spent it is paused until the next
    /// period, as by cpu.max [default: none; in a pod the container's]
    #[arg(long, value_name = "QUANTITY", value_parser = grammar::milli_cpu)]
    cpu: Option<u64>,

    /// How often it is renewed, 1ms to 1s
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = grammar::cpu_period)]
    cpu_period: u64,

    /// Memory limit in bytes, as in a pod (64Mi); over it the hook ends as OOMKilled
    /// [default: 128Mi; in a pod the container's]
    #[arg(long, value_name = "QUANTITY", value_parser = grammar::size)]
    memory: Option<u64>,

    /// Deterministic budget of computation; not counted by default
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,

    /// Wall-clock deadline (500ms, 1m30s); 0: none [default: 30s; in a pod none]
    #[arg(long, value_name = "DURATION", value_parser = grammar::duration)]
    timeout: Option<Duration>,

    /// Bytes kept of stdout, and of stderr; the middle of more is cut and counted
    #[arg(long, value_name = "SIZE", default_value = "64Ki", value_parser = grammar::size)]
    max_output: u64,

    /// Files, streams and requests open at one time
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_open_files: usize,

    /// HTTP requests over the whole run
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_requests: u64,

    /// Bytes of one HTTP answer
    #[arg(long, value_name = "SIZE", default_value = "8Mi", value_parser = grammar::size)]
    max_response: u64,

    /// Random bytes over the whole run
    #[arg(long, value_name = "SIZE", default_value = "1Mi", value_parser = grammar::size)]
    max_random: u64,
}

impl LimitOptions {
    /// The CPU limit that is written; 0 is written, and none.
    pub(crate) fn cpu_max(&self) -> Option<CpuMax> {
        let milli = self.cpu?;
        Some(CpuMax::of_milli_cpu(milli, self.cpu_period))
    }

    /// The limits that are written, and no others.
    pub(crate) fn own(&self) -> AccountLimits {
        AccountLimits {
            cpu: self.cpu_max().unwrap_or_default(),
            memory_max: self.memory,
            ..AccountLimits::default()
        }
    }

    /// Whether a memory limit is written.
    pub(crate) fn has_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// What is said here, and what the place of the call has instead where nothing is.
    pub(crate) fn budget(&self, default: &Budget) -> Budget {
        Budget {
            timeout: match self.timeout {
                Some(timeout) => (!timeout.is_zero()).then_some(timeout),
                None => default.timeout,
            },
            fuel: self.fuel,
            cpu: self.cpu_max().unwrap_or(default.cpu),
            memory: self.memory.or(default.memory),
            caps: Caps {
                output: usize::try_from(self.max_output).unwrap_or(usize::MAX),
                handles: self.max_open_files,
                random: self.max_random,
                response: self.max_response,
                requests: self.max_requests,
                ..Caps::default()
            },
        }
    }
}

/// What a hook may touch.
#[derive(Debug, Args)]
#[command(next_help_heading = "Grants (nothing by default)")]
pub(crate) struct GrantOptions {
    /// A folder the hook may see; with :ro it cannot be changed
    #[arg(long = "dir", value_name = "HOST::GUEST[:ro]", value_parser = grammar::dir)]
    dirs: Vec<DirGrant>,

    /// An environment variable
    #[arg(long, value_name = "K=V", value_parser = grammar::pair)]
    env: Vec<(String, String)>,

    /// An answer of the `config` interface
    #[arg(long, value_name = "K=V", value_parser = grammar::pair)]
    config: Vec<(String, String)>,

    /// Outgoing HTTP to this host; no scheme: both, no port: the scheme's own
    #[arg(long = "allow-host", value_name = "[SCHEME://]HOST[:PORT]", value_parser = grammar::host)]
    hosts: Vec<HostGrant>,

    /// A private, loopback or link-local network that names may lead into
    #[arg(long = "allow-network", value_name = "CIDR", value_parser = grammar::network)]
    networks: Vec<IpNet>,

    /// Let the hook signal the container's main process
    #[arg(long)]
    allow_signal: bool,

    /// Which process that is; implies --allow-signal
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    container_pid: Option<u32>,
}

impl GrantOptions {
    pub(crate) fn grants(self) -> Result<Grants, CliError> {
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = self
            .dirs
            .iter()
            .find(|dir| !seen.insert(dir.guest.trim_end_matches('/').to_owned()))
        {
            return Err(CliError::usage(
                "--dir",
                format!("{} is granted twice", twice.guest),
            ));
        }
        Ok(Grants {
            dirs: self.dirs,
            env: self.env,
            config: self.config,
            hosts: self.hosts,
            networks: self.networks,
            signal: match (self.allow_signal, self.container_pid) {
                (false, None) => SignalGrant::Denied,
                (true, None) => SignalGrant::Unknown,
                (_, Some(pid)) => SignalGrant::Process(pid),
            },
        })
    }
}
