//! Options that several commands share, as clap reads and explains them. What they mean
//! is said in [`podhook_runner::options`].

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use podhook_ledger::CgroupName;
use podhook_lifecycle::{DirGrant, Hook, HostGrant};
use podhook_runner::grammar;
use podhook_runner::options::{CgroupOptions, GrantOptions, HookOptions, LimitOptions};
use std::path::PathBuf;
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
pub(crate) struct LimitArgs {
    /// CPU limit as in a pod (500m, 2): a hook that has spent it is paused until the next
    /// period, as by cpu.max [default: none; in a pod the container's]
    #[arg(long, value_name = "QUANTITY", value_parser = grammar::milli_cpu)]
    cpu: Option<u64>,

    /// How often it is renewed, 1ms to 1s [default: 100ms]
    #[arg(long, value_name = "DURATION", value_parser = grammar::cpu_period)]
    cpu_period: Option<u64>,

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

    /// Bytes kept of stdout, and of stderr; the middle of more is cut and counted [default: 64Ki]
    #[arg(long, value_name = "SIZE", value_parser = grammar::size)]
    max_output: Option<u64>,

    /// Files, streams and requests open at one time [default: 256]
    #[arg(long, value_name = "N")]
    max_open_files: Option<usize>,

    /// HTTP requests over the whole run [default: 1000]
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,

    /// Bytes of one HTTP answer [default: 8Mi]
    #[arg(long, value_name = "SIZE", value_parser = grammar::size)]
    max_response: Option<u64>,

    /// Random bytes over the whole run [default: 1Mi]
    #[arg(long, value_name = "SIZE", value_parser = grammar::size)]
    max_random: Option<u64>,

    /// Bytes written to files over the whole run [default: 256Mi]
    #[arg(long, value_name = "SIZE", value_parser = grammar::size)]
    max_disk: Option<u64>,

    /// Files, folders and links made over the whole run [default: 10000]
    #[arg(long, value_name = "N")]
    max_files: Option<u64>,

    /// How deep below a granted folder others may be made [default: 64]
    #[arg(long, value_name = "N")]
    max_depth: Option<usize>,

    /// Calls of the host over the whole run [default: 10000000000]
    #[arg(long, value_name = "N")]
    max_host_calls: Option<u64>,
}

impl From<LimitArgs> for LimitOptions {
    fn from(args: LimitArgs) -> Self {
        Self {
            cpu: args.cpu,
            cpu_period: args.cpu_period,
            memory: args.memory,
            fuel: args.fuel,
            timeout: args.timeout,
            max_output: args.max_output,
            max_open_files: args.max_open_files,
            max_requests: args.max_requests,
            max_response: args.max_response,
            max_random: args.max_random,
            max_disk: args.max_disk,
            max_files: args.max_files,
            max_depth: args.max_depth,
            max_host_calls: args.max_host_calls,
        }
    }
}

/// What a hook may touch.
#[derive(Debug, Args)]
#[command(next_help_heading = "Grants (nothing by default)")]
pub(crate) struct GrantArgs {
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

    /// Certificate authorities for outgoing HTTPS, in PEM, in place of the machine's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Let the hook signal the container's main process
    #[arg(long)]
    allow_signal: bool,

    /// Which process that is; implies --allow-signal
    #[arg(long, value_name = "N", value_parser = grammar::pid)]
    container_pid: Option<u32>,
}

impl From<GrantArgs> for GrantOptions {
    fn from(args: GrantArgs) -> Self {
        Self {
            dirs: args.dirs,
            env: args.env,
            config: args.config,
            hosts: args.hosts,
            networks: args.networks,
            ca_file: args.ca_file,
            allow_signal: args.allow_signal,
            container_pid: args.container_pid,
        }
    }
}

/// Whose limits a hook has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct CgroupArgs {
    /// Take the limits of a real cgroup: auto (this process's), a folder of cgroup v2 or
    /// of v1 under any controller, pid:N, or none. Where it may be written to, the kernel
    /// keeps the account. An explicit limit wins over it [default: none]
    #[arg(long, value_name = "auto|none|PATH|pid:N", value_parser = CgroupChoice::parse)]
    cgroup: Option<CgroupChoice>,

    /// Where cgroups are mounted, for trees elsewhere than the system says
    #[arg(long, value_name = "DIR")]
    cgroup_root: Option<PathBuf>,
}

/// One of the ways to say it; `None`: no cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CgroupChoice(Option<CgroupName>);

impl CgroupChoice {
    fn parse(text: &str) -> Result<Self, grammar::Malformed> {
        grammar::cgroup(text).map(Self)
    }
}

impl From<CgroupArgs> for CgroupOptions {
    fn from(args: CgroupArgs) -> Self {
        Self {
            cgroup: args.cgroup.map(|choice| choice.0),
            cgroup_root: args.cgroup_root,
        }
    }
}

/// A hook and its options.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    /// A .wasm file, or the folder of a crate that is built first
    #[arg(value_name = "HOOK")]
    hook: PathBuf,

    /// Words the hook is called with
    #[arg(value_name = "ARG", last = true)]
    args: Vec<String>,

    /// Which hook of a lifecycle module: post-start or pre-stop; needed where it has both
    #[arg(long, value_name = "PHASE")]
    phase: Option<Hook>,

    /// The path that a module of kind http is asked for
    #[arg(long, value_name = "PATH", value_parser = grammar::request_path)]
    http_get: Option<String>,

    /// A header field of that request
    #[arg(long = "header", value_name = "K: V", value_parser = grammar::header)]
    headers: Vec<(String, String)>,

    /// Where the `state` interface keeps its values; in memory by default
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    cgroup: CgroupArgs,

    #[command(flatten)]
    grants: GrantArgs,
}

impl From<HookArgs> for HookOptions {
    fn from(args: HookArgs) -> Self {
        Self {
            hook: args.hook,
            args: args.args,
            phase: args.phase,
            http_get: args.http_get,
            headers: args.headers,
            state_dir: args.state_dir,
            limits: args.limits.into(),
            cgroup: args.cgroup.into(),
            grants: args.grants.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, FromArgMatches};
    use podhook_runner::options::{AdapterOptions, HookIs};
    use std::ffi::OsString;

    /// A value for every option; one that is added has to be added here.
    const VALUES: &[(&str, &str)] = &[
        ("phase", "pre-stop"),
        ("http-get", "/a?b=c"),
        ("header", "X-A:  b"),
        ("state-dir", "/state"),
        ("cpu", "1.5"),
        ("cpu-period", "20ms"),
        ("memory", "64Mi"),
        ("fuel", "1000000"),
        ("timeout", "1m30s"),
        ("max-output", "1Ki"),
        ("max-open-files", "7"),
        ("max-requests", "8"),
        ("max-response", "9k"),
        ("max-random", "10"),
        ("max-disk", "11Ki"),
        ("max-files", "12"),
        ("max-depth", "13"),
        ("max-host-calls", "14"),
        ("cgroup", "pid:7"),
        ("cgroup-root", "/tree"),
        ("dir", "/a b::/c:ro"),
        ("env", "A=b=c"),
        ("config", "D="),
        ("allow-host", "https://[::1]:8443"),
        ("allow-network", "10.0.0.0/8"),
        ("ca-file", "/ca.pem"),
        ("container-pid", "3"),
    ];

    #[test]
    fn clap_and_the_adapter_read_the_same() {
        let command = HookArgs::augment_args(Command::new("podhook"));
        let mut words = vec![OsString::from("podhook"), "hook.wasm".into()];
        for option in command.get_arguments().filter_map(|arg| arg.get_long()) {
            words.push(format!("--{option}").into());
            if option != "allow-signal" {
                let value = VALUES.iter().find(|(name, _)| *name == option);
                words.push(
                    value
                        .unwrap_or_else(|| panic!("no value for {option}"))
                        .1
                        .into(),
                );
            }
        }
        words.extend(["--", "x", "--y"].map(OsString::from));
        let matches = command.try_get_matches_from(&words).unwrap();
        let by_clap = HookOptions::from(HookArgs::from_arg_matches(&matches).unwrap());
        let mut read = AdapterOptions::default();
        read.read(words.into_iter().skip(1), HookIs::Named).unwrap();
        assert_eq!(read.hook, by_clap);
        // And what is written for a bundle says it once more.
        let mut again = AdapterOptions::default();
        again.read(by_clap.words(), HookIs::Bundled).unwrap();
        again.hook.hook.clone_from(&by_clap.hook);
        assert_eq!(again.hook, by_clap);
    }
}
