//! `podhook limits`: what a hook would be limited to, and who says so.

use crate::config;
use crate::options::{CgroupArgs, Format};
use crate::pod_file::PodFile;
use crate::terminal::{line_to_stdout, to_stderr};
use clap::Args;
use podhook_lifecycle::limits::{CpuWeight, Limits, Sources};
use podhook_lifecycle::spec::{ContainerIndex, PodSpec};
use podhook_runner::hook_account::Found;
use podhook_runner::options::CgroupOptions;
use podhook_runner::{CommandError, grammar};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Shows the limits a hook would get, and where each comes from.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  podhook limits --pod pod.yaml --container app\n  podhook limits --cgroup auto -o json\n  podhook limits --cgroup pid:4711\n\nExit status: 0; 66 where there is no such file or cgroup; 78 where a file is not what it should be."
)]
pub(crate) struct Options {
    #[command(flatten)]
    cgroup: CgroupArgs,

    /// A pod in YAML or JSON; -: stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cgroup", "cgroup_root"])]
    pod: Option<PathBuf>,

    /// Which of its containers [default: the first of its containers]
    #[arg(long, value_name = "NAME", requires = "pod")]
    container: Option<String>,

    /// Memory of the node, of which oom_score_adj is a part [default: this machine's]
    #[arg(long, value_name = "QUANTITY", value_parser = grammar::size, requires = "pod")]
    node_memory: Option<u64>,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let (limits, sources) = match &options.pod {
        Some(file) => of_pod(options, file)?,
        None => of_cgroup(&options.cgroup.clone().into())?,
    };
    let shown = Shown::new(&limits, &sources);
    match options.output {
        Format::Text => line_to_stdout(&shown.text())?,
        Format::Json => {
            let json = serde_json::to_string_pretty(&shown);
            line_to_stdout(&json.map_err(|error| CommandError::host_fault("JSON", error))?)?;
        }
    }
    Ok(0)
}

fn of_cgroup(options: &CgroupOptions) -> Result<(Limits, Sources), CommandError> {
    if options.cgroup.is_none() {
        let why = "say whose: --cgroup auto, --cgroup PATH, --cgroup pid:N or --pod FILE";
        return Err(CommandError::usage("limits", why));
    }
    let found = options.find()?;
    Ok(found.map_or_else(Default::default, |Found { limits, .. }| {
        (limits.limits, limits.sources)
    }))
}

fn of_pod(options: &Options, file: &Path) -> Result<(Limits, Sources), CommandError> {
    let spec = PodFile::open(file)?.spec;
    let index = container(&spec, options.container.as_deref())?;
    let node_memory = options.node_memory.unwrap_or_else(config::node_memory);
    Ok(spec.limits_of(index, node_memory))
}

/// As kubectl does it: without a name the first, and it is said which.
fn container(spec: &PodSpec, name: Option<&str>) -> Result<ContainerIndex, CommandError> {
    let first = ContainerIndex(spec.init_containers.len());
    let names = || spec.all().map(|(_, one)| one.name.as_str());
    let known = || names().collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => {
            let found = names().position(|one| one == name).map(ContainerIndex);
            let why = || format!("the pod has no container {name:?}, but {}", known());
            found.ok_or_else(|| CommandError::usage("--container", why()))
        }
        None => {
            if names().nth(1).is_some() {
                let name = spec.container(first).map_or("", |one| &one.name);
                let text = format!("defaulted container {name:?} out of: {}\n", known());
                to_stderr(text.as_bytes());
            }
            Ok(first)
        }
    }
}

/// What `-o json` prints; `null` is no limit, or not known.
#[derive(Debug, Serialize)]
struct Shown<'s> {
    cpu: Cpu,
    memory: Memory,
    oom_score_adj: Option<i32>,
    sources: &'s Sources,
}

#[derive(Debug, Serialize)]
struct Cpu {
    shares: Option<u64>,
    weight: Option<u64>,
    weight_linear: Option<u64>,
    quota_usec: Option<u64>,
    period_usec: u64,
}

#[derive(Debug, Serialize)]
struct Memory {
    max: Option<u64>,
}

impl<'s> Shown<'s> {
    fn new(limits: &Limits, sources: &'s Sources) -> Self {
        let weight = |part: fn(&CpuWeight) -> u64| limits.weight.as_ref().map(part);
        Self {
            cpu: Cpu {
                shares: weight(|weight| weight.shares),
                weight: weight(|weight| weight.weight),
                weight_linear: weight(|weight| weight.weight_linear),
                quota_usec: limits.cpu.quota_usec,
                period_usec: limits.cpu.period_usec,
            },
            memory: Memory {
                max: limits.memory_max,
            },
            oom_score_adj: limits.oom_score_adj,
            sources,
        }
    }

    /// A line each: name, value, source.
    fn text(&self) -> String {
        let max = |limit: Option<u64>| limit.map_or("max".to_owned(), |limit| limit.to_string());
        let known = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
        let score = self.oom_score_adj;
        let rows = [
            ("cpu.shares", known(self.cpu.shares)),
            ("cpu.weight", known(self.cpu.weight)),
            ("cpu.weight_linear", known(self.cpu.weight_linear)),
            ("cpu.quota_usec", max(self.cpu.quota_usec)),
            ("cpu.period_usec", self.cpu.period_usec.to_string()),
            ("memory.max", max(self.memory.max)),
            (
                "oom_score_adj",
                score.map_or("-".to_owned(), |score| score.to_string()),
            ),
        ];
        let lines = rows.map(|(name, value)| {
            let source = self.sources.get(name).map_or("", String::as_str);
            format!("{name:<18} {value:>12}  {source}")
                .trim_end()
                .to_owned()
        });
        lines.join("\n")
    }
}
