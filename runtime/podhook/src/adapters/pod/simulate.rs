//! `podhook pod simulate`: a pod's life by script, in virtual time.

use super::{REJECTED, rejected};
use crate::kubelet::play::play;
use crate::kubelet::scenario::Scenario;
use crate::kubelet::scripted::ScriptedNode;
use crate::kubelet::timeline::Timeline;
use crate::kubelet::{timeline_json, timeline_text};
use crate::options::Format;
use crate::pod_file::located::{self, Node};
use crate::pod_file::{PodError, PodFile, Source};
use crate::terminal::{line_to_stdout, to_stdout};
use clap::Args;
use podhook_lifecycle::machine::{Pace, PodMachine};
use podhook_lifecycle::spec::validation::validate;
use podhook_lifecycle::spec::{PodSpec, defaults};
use podhook_runner::CommandError;
use std::path::PathBuf;
use std::sync::Arc;

/// Plays a pod by a scenario, with a virtual clock: the same input gives the same bytes.
#[derive(Debug, Args)]
#[command(
    after_help = "CASE is {pod: …, scenario: …} in YAML or JSON; without a scenario containers run until\ntold, handlers succeed at once, and the pod is deleted after 10 s.\n\nExamples:\n  podhook pod simulate case.yaml\n  podhook pod simulate case.json -o json\n\nExit status: 0; 65 where the pod would be refused; 78 where CASE is none."
)]
pub(crate) struct Options {
    /// A pod and a scenario in YAML or JSON; -: stdin
    #[arg(value_name = "CASE")]
    case: PathBuf,

    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// The uid of a simulated pod that has none: the same every time.
const UID: &str = "00000000-0000-4000-8000-000000000000";

pub(crate) fn run(options: &Options) -> Result<u8, CommandError> {
    let source = Source::open(&options.case)?;
    let root = located::read(&source.bytes).map_err(PodError::from);
    let root = root.map_err(|error| error.of_file(&source.name))?;
    let mut spec = pod(&root, &source.name)?;
    let errors = validate(&spec);
    if !errors.is_empty() {
        rejected(&errors, options.output)?;
        return Ok(REJECTED);
    }
    spec.pod.uid.get_or_insert_with(|| UID.to_owned());
    let scenario = scenario(&root, &spec, &source.name)?;
    let timeline = simulate(Arc::new(spec), scenario)?;
    match options.output {
        Format::Json => line_to_stdout(&super::pretty(&timeline_json::object(&timeline).into())?)?,
        Format::Text => to_stdout(timeline_text::whole(&timeline).as_bytes())?,
    }
    Ok(0)
}

pub(crate) fn pod(root: &Node, name: &str) -> Result<PodSpec, CommandError> {
    let pod = root.get("pod").cloned().ok_or_else(|| {
        CommandError::config(name, "line 1: no field \"pod\"")
            .hint("a case is {pod: …, scenario: …}; for a pod alone: podhook pod check, pod run")
    })?;
    let file = PodFile::from_node(pod).map_err(|error| error.of_file(name))?;
    let file = file.playable(name)?;
    let mut spec = file.spec;
    defaults::apply(&mut spec);
    Ok(spec)
}

pub(crate) fn scenario(root: &Node, spec: &PodSpec, name: &str) -> Result<Scenario, CommandError> {
    let value = root.get("scenario").map(Node::to_value);
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Scenario::default_life());
    };
    let mistake = |field: &str, why: &dyn std::fmt::Display| {
        let line = root.line_of(field);
        CommandError::config(name, format!("line {line}: {field}: {why}"))
    };
    let read: Result<Scenario, _> = serde_path_to_error::deserialize(value);
    let scenario = read.map_err(|error| {
        let field = format!("scenario.{}", error.path());
        mistake(&field, error.inner())
    })?;
    match scenario.mistake(spec) {
        Some((field, why)) => Err(mistake(&field, &why)),
        None => Ok(scenario),
    }
}

pub(crate) fn simulate(spec: Arc<PodSpec>, scenario: Scenario) -> Result<Timeline, CommandError> {
    let pace = Pace::default();
    let mut machine = PodMachine::new(spec.clone(), pace);
    let mut node = ScriptedNode::new(spec.clone(), scenario, pace.sandbox);
    let mut timeline = Timeline::new(spec);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| CommandError::host_fault("podhook", error))?;
    runtime.block_on(play(&mut machine, &mut node, &mut timeline));
    Ok(timeline)
}
