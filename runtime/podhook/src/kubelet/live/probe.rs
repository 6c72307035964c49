//! A probe on the live node: asked for real, answered within its timeout.

use super::report::not_executed;
use super::{Fact, LiveNode, LivePod, command};
use crate::handlers::http_get::{self, Target};
use crate::local::{ExecResult, LocalContainer, reason};
use podhook_lifecycle::hook_error;
use podhook_lifecycle::machine::ProbeId;
use podhook_lifecycle::port;
use podhook_lifecycle::probe::{ProbeAnswer, ProbeKind};
use podhook_lifecycle::spec::{
    ContainerIndex, ContainerSpec, ExecAction, HttpGetAction, Probe, ProbeAction, TcpSocketAction,
};
use podhook_runner::Runner;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const USER_AGENT: &str = "kube-probe/1.36";

impl LiveNode {
    pub(super) fn run_probe(&mut self, id: ProbeId, index: ContainerIndex, kind: ProbeKind) {
        let (pod, teller) = (self.pod.clone(), self.teller.clone());
        let main = self.main(index);
        let container = main.and_then(|main| main.container.clone());
        tokio::spawn(async move {
            let answer = answer(&pod, container, index, kind).await;
            teller.tell(Fact::ProbeDone(id, answer));
        });
    }
}

async fn answer(
    pod: &LivePod,
    container: Option<Arc<LocalContainer>>,
    index: ContainerIndex,
    kind: ProbeKind,
) -> ProbeAnswer {
    let spec = pod.spec.container(index);
    let Some((spec, probe)) = spec.and_then(|spec| Some((spec, spec.probe(kind)?))) else {
        return ProbeAnswer::Success;
    };
    let within = Duration::from_secs(u64::from(probe.timeout_seconds));
    let asked = timeout(within, ask(pod, container, spec, probe)).await;
    asked.unwrap_or_else(|_| ProbeAnswer::Failure(format!("command timed out after {within:?}")))
}

async fn ask(
    pod: &LivePod,
    container: Option<Arc<LocalContainer>>,
    spec: &ContainerSpec,
    probe: &Probe,
) -> ProbeAnswer {
    match &probe.action {
        ProbeAction::Exec(action) => match container {
            Some(container) => exec(&container, spec, action).await,
            None => ProbeAnswer::Error(hook_error::not_running()),
        },
        ProbeAction::HttpGet(action) => http_get(pod, spec, action).await,
        ProbeAction::TcpSocket(action) => connect(pod, spec, action).await,
        // Not played: it would take a client for one question.
        ProbeAction::Grpc(_) => ProbeAnswer::Success,
    }
}

async fn exec(
    container: &LocalContainer,
    spec: &ContainerSpec,
    action: &ExecAction,
) -> ProbeAnswer {
    let command = command(&action.command, spec);
    let output = match container.exec(&command, || {}).await {
        ExecResult::CannotStart(why) => {
            return ProbeAnswer::Error(not_executed(&why, Runner::new_id()));
        }
        ExecResult::Exited { code: 0, .. } => return ProbeAnswer::Success,
        ExecResult::Exited { output, .. } | ExecResult::Killed { output, .. } => output,
    };
    let printed = [output.stdout, output.stderr].concat();
    ProbeAnswer::Failure(String::from_utf8_lossy(&printed).into_owned())
}

async fn http_get(pod: &LivePod, spec: &ContainerSpec, action: &HttpGetAction) -> ProbeAnswer {
    // What cannot be asked at all is no answer.
    if let Err(why) = port::resolve(&action.port, &spec.ports) {
        return ProbeAnswer::Error(why);
    }
    let target = Target {
        action,
        ports: &spec.ports,
        pod_ips: &pod.ips,
        user_agent: USER_AGENT,
    };
    match http_get::probe(&target).await {
        Ok(_) => ProbeAnswer::Success,
        Err(why) => ProbeAnswer::Failure(why),
    }
}

async fn connect(pod: &LivePod, spec: &ContainerSpec, action: &TcpSocketAction) -> ProbeAnswer {
    let port = match port::resolve(&action.port, &spec.ports) {
        Ok(port) => port,
        Err(why) => return ProbeAnswer::Error(why),
    };
    let pod_ip = pod.ips.first().map(ToString::to_string);
    let host = action.host.clone().or(pod_ip).unwrap_or_default();
    match TcpStream::connect((host.as_str(), port)).await {
        Ok(_) => ProbeAnswer::Success,
        Err(error) => {
            let why = reason(&error);
            ProbeAnswer::Failure(format!("dial tcp {host}:{port}: connect: {why}"))
        }
    }
}
