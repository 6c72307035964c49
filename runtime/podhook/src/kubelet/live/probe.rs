//! A probe on the live node: asked for real, answered within its timeout.

use super::{Fact, LiveNode, LivePod};
use crate::handlers::http_get::{self, Target};
use crate::local::{Command, ExecResult, LocalContainer};
use podhook_lifecycle::machine::ProbeId;
use podhook_lifecycle::port;
use podhook_lifecycle::probe::ProbeKind;
use podhook_lifecycle::spec::expansion::environment;
use podhook_lifecycle::spec::{
    ContainerIndex, ContainerSpec, ExecAction, Probe, ProbeAction, TcpSocketAction,
};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const USER_AGENT: &str = "kube-probe/1.36";

/// Success, and what there is to say.
type Answer = (bool, String);

impl LiveNode {
    pub(super) fn run_probe(&mut self, id: ProbeId, index: ContainerIndex, kind: ProbeKind) {
        let (pod, teller) = (self.pod.clone(), self.teller.clone());
        let main = self.main(index);
        let container = main.and_then(|main| main.container.clone());
        tokio::spawn(async move {
            let (success, output) = answer(&pod, container, index, kind).await;
            teller.tell(Fact::ProbeDone(id, success, output));
        });
    }
}

async fn answer(
    pod: &LivePod,
    container: Option<Arc<LocalContainer>>,
    index: ContainerIndex,
    kind: ProbeKind,
) -> Answer {
    let Some((spec, probe)) = pod.spec.container(index).and_then(|spec| {
        let probe = match kind {
            ProbeKind::Startup => &spec.startup_probe,
            ProbeKind::Liveness => &spec.liveness_probe,
            ProbeKind::Readiness => &spec.readiness_probe,
        };
        Some((spec, probe.as_ref()?))
    }) else {
        return (true, String::new());
    };
    let within = Duration::from_secs(u64::from(probe.timeout_seconds));
    match timeout(within, ask(pod, container, spec, probe)).await {
        Ok(answer) => answer,
        Err(_) => (false, format!("command timed out after {within:?}")),
    }
}

async fn ask(
    pod: &LivePod,
    container: Option<Arc<LocalContainer>>,
    spec: &ContainerSpec,
    probe: &Probe,
) -> Answer {
    match &probe.action {
        ProbeAction::Exec(action) => match container {
            Some(container) => exec(&container, spec, action).await,
            None => (false, String::new()),
        },
        ProbeAction::HttpGet(action) => {
            let target = Target {
                action,
                ports: &spec.ports,
                pod_ips: &pod.ips,
                user_agent: USER_AGENT,
            };
            match http_get::probe(&target).await {
                Ok(_) => (true, String::new()),
                Err(why) => (false, why),
            }
        }
        ProbeAction::TcpSocket(action) => match connect(pod, spec, action).await {
            Ok(()) => (true, String::new()),
            Err(why) => (false, why),
        },
        // Not played: it would take a client for one question.
        ProbeAction::Grpc(_) => (true, String::new()),
    }
}

async fn exec(container: &LocalContainer, spec: &ContainerSpec, action: &ExecAction) -> Answer {
    let command = Command {
        argv: action.command.clone(),
        env: environment(&spec.env),
        working_dir: spec.working_dir.clone(),
    };
    match container.exec(&command, || {}).await {
        ExecResult::CannotStart(why) => (false, why),
        ExecResult::Killed { .. } => (false, String::new()),
        ExecResult::Exited { code, output } => {
            let printed = [output.stdout, output.stderr].concat();
            (code == 0, String::from_utf8_lossy(&printed).into_owned())
        }
    }
}

async fn connect(
    pod: &LivePod,
    spec: &ContainerSpec,
    action: &TcpSocketAction,
) -> Result<(), String> {
    let port = port::resolve(&action.port, &spec.ports)?;
    let pod_ip = pod.ips.first().map(ToString::to_string);
    let host = action.host.clone().or(pod_ip).unwrap_or_default();
    let failed = |error: io::Error| format!("dial tcp {host}:{port}: {error}");
    let connected = TcpStream::connect((host.as_str(), port)).await;
    connected.map(drop).map_err(failed)
}
