//! `podhook pod run`: a pod on this machine, in real time.

mod images;
mod outlet;
mod output;
mod prepare;

use super::{REJECTED, rejected};
use crate::kubelet::describe;
use crate::kubelet::live::{self, Deletion, LiveNode, LivePod, Teller, Until};
use crate::kubelet::play::{Node, play};
use crate::kubelet::timeline::Timeline;
use crate::kubelet::{timeline_json, timeline_text};
use crate::options::Format;
use crate::pod_file::PodFile;
use crate::terminal::to_stderr;
use clap::Args;
use images::Image;
use outlet::Outlet;
use output::Printer;
use podhook_lifecycle::machine::{Pace, PodMachine};
use podhook_lifecycle::spec::defaults;
use podhook_lifecycle::spec::validation::validate;
use podhook_runner::CommandError;
use podhook_runner::grammar;
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Plays a pod on this machine in real time, as a kubelet would.
#[derive(Debug, Args)]
#[command(
    after_help = "In a pod's exec.command, [hook.wasm, ARG…] is a hook with its container's environment\nand no grants; [podhook-exec, OPTIONS…, hook.wasm, --, ARG…] one with the grants and\nlimits that `podhook run` has as OPTIONS. The HOST of --dir HOST::GUEST is a folder of\nthe container, as is --state-dir; there is no deadline without --timeout, and the memory\nlimit is the container's. hook.wasm, or /bin/drain as bin/drain.wasm, is looked up under\n--hooks.\n\nContainers are local processes, not sandboxed: do not run a pod that you do not trust.\nThey are not PID 1 here, so a program without a handler for SIGTERM ends at once, which\nin a cluster it would not. What runs and waits, and which event says so, is as under a\nkubelet. Times count from the first container's creation.\n\nCtrl-C (or SIGTERM, SIGHUP) deletes the pod; a second one deletes it by force (grace 0),\nwhich hurries nothing that the kubelet has begun; a third ends everything at once.\n\nExamples:\n  podhook pod run pod.yaml --hooks target/wasm32-wasip2/release\n  podhook pod run pod.yaml --image nginx='python3 -m http.server 8080' --until running\n  podhook pod run pod.yaml --native-exec --delete-after 5s -o json\n\nExit status: 0 once the pod is gone; 65 where the pod would be refused, or a hook is not\na module; 66 where a hook is missing; 77 where a handler would run unsandboxed; 78 where\nFILE is not a pod; 128 and the number of the signal that ended the run early."
)]
pub(crate) struct Options {
    /// A pod in YAML or JSON; -: stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Delete the pod after this time [default: on Ctrl-C]
    #[arg(long, value_name = "DURATION", value_parser = grammar::duration)]
    delete_after: Option<Duration>,

    /// Grace period of the deletion in seconds [default: the pod's]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    grace: Option<i64>,

    /// Delete the pod once it has reached this state
    #[arg(long, value_enum, value_name = "STATE")]
    until: Option<Until>,

    /// The pod's address, for httpGet without a host
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pod_ip: IpAddr,

    /// What to run for containers of this image that have no command; COMMAND in words
    /// as a shell takes them
    #[arg(long = "image", value_name = "IMAGE=COMMAND", value_parser = images::parse)]
    images: Vec<Image>,

    /// Folder of the hook modules that exec handlers name [default: FILE's folder]
    #[arg(long, value_name = "DIR")]
    hooks: Option<PathBuf>,

    /// Run exec handlers that name no module as local commands, unsandboxed
    #[arg(long)]
    native_exec: bool,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// A grace period, as the API has it.
fn seconds(text: &str) -> Result<i64, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds >= 0);
    seconds.ok_or_else(|| "write whole seconds without a unit, 0 or more, like 30".to_owned())
}

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let name = options.file.display().to_string();
    let mut file = PodFile::open(&options.file)?.playable(&name)?;
    defaults::apply(&mut file.spec);
    let errors = validate(&file.spec);
    if !errors.is_empty() {
        rejected(&errors, options.output)?;
        return Ok(REJECTED);
    }
    let pod = Arc::new(prepare::pod(options, file)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::host_fault("podhook", error))?;
    let status = runtime.block_on(play_pod(options, pod));
    // A name that is still looked up must not hold the process.
    runtime.shutdown_background();
    status
}

async fn play_pod(options: &Options, pod: Arc<LivePod>) -> Result<u8, CommandError> {
    let fault = |error: std::io::Error| CommandError::host_fault("podhook", error);
    let deletion = Deletion::new(options.delete_after, options.until, options.grace);
    let mut node = LiveNode::new(pod.clone(), deletion);
    listen(node.teller()).map_err(fault)?;
    let outlet = Outlet::open(node.teller()).map_err(fault)?;
    let printer = Printer::new(options.output, outlet.clone());
    let mut timeline = Timeline::watched(pod.spec.clone(), Box::new(printer));
    let mut machine = PodMachine::new(pod.spec.clone(), Pace::default());
    play(&mut machine, &mut node, &mut timeline).await;
    node.finish(&mut timeline).await;
    let failed = outlet.failed();
    let gone = machine.status().is_none();
    outlet.write(result(options.output, &timeline, gone, &pod, &node)?, None);
    drop(outlet);
    node.wait_until_written().await;
    warn_of_remains(&pod, &node);
    let left_by = node.left_by();
    let status = left_by.and_then(|signal| u8::try_from(128 + signal).ok());
    match failed.take() {
        Some(error) => Err(error),
        None => Ok(status.unwrap_or(0)),
    }
}

/// What is printed at the end.
fn result(
    format: Format,
    timeline: &Timeline,
    gone: bool,
    pod: &LivePod,
    node: &LiveNode,
) -> Result<String, CommandError> {
    match format {
        Format::Json => Ok(json(timeline, pod)? + "\n"),
        Format::Text => {
            let ip = pod.ips.first().map(ToString::to_string);
            let page = describe::page(timeline, ip.as_deref(), gone, timeline.at(node.now()));
            Ok(format!("\n{page}"))
        }
    }
}

/// Of who is not root it was said at the start.
fn warn_of_remains(pod: &LivePod, node: &LiveNode) {
    if pod.isolate
        && let Some(why) = node.not_isolated()
    {
        let note = format!(
            "note: what containers and hooks wrote stays on this machine: no overlay over /: {why}"
        );
        to_stderr(timeline_text::lines(&[note]).as_bytes());
    }
}

/// Signals that end programs of the terminal, from now on.
fn listen(teller: Teller) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::Builder::new()
        .name("podhook-signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                teller.signalled(signal);
            }
        })?;
    Ok(())
}

fn json(timeline: &Timeline, pod: &LivePod) -> Result<String, CommandError> {
    let fault = |error: serde_json::Error| CommandError::host_fault("JSON", error);
    let mut object = timeline_json::object(timeline);
    let reports = timeline_json::reports(timeline).map_err(fault)?;
    object.insert("reports".to_owned(), reports);
    object.insert("accounts".to_owned(), accounts(pod));
    serde_json::to_string_pretty(&object).map_err(fault)
}

fn accounts(pod: &LivePod) -> Value {
    let containers = pod.spec.all().zip(&pod.shared);
    containers
        .map(|((_, spec), shared)| live::account(&spec.name, &shared.account))
        .collect()
}
