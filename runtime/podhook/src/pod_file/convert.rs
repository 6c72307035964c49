//! The API's pod as podhook's: what touches hooks, and nothing else.
//!
//! Refuses values that podhook's types cannot hold. What they hold but the API server
//! would refuse is left for `podhook_lifecycle::spec::validation`.

use super::fault::{Fault, PodError};
use super::probe::probe;
use super::resources::resources;
use k8s_openapi::api::core::v1 as api;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr;
use podhook_lifecycle::Pod;
use podhook_lifecycle::spec::{
    ContainerPort, ContainerSpec, ExecAction, HttpGetAction, IntOrString, Lifecycle,
    LifecycleHandler, PodSpec, RestartPolicy, RestartRule, SleepAction, TcpSocketAction,
    VolumeMount,
};
use std::collections::BTreeMap;

/// Fields that say something which a pod on this machine does not do.
#[derive(Debug, Default)]
pub(crate) struct Silent {
    /// Only a cluster knows their values.
    pub(crate) elsewhere: Vec<String>,
    /// They have no effect here.
    pub(crate) unplayed: Vec<String>,
    /// The pod's life would be another without them.
    pub(crate) unplayable: Vec<String>,
}

/// What is collected on the way.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Fault>,
    pub(super) silent: Silent,
    /// Whose containers these are.
    pod: Pod,
}

impl Findings {
    /// A value, or the fault that it is none.
    pub(super) fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.faults.push(fault)).ok()
    }
}

/// The pod, and the fields that have no effect on this machine.
pub(super) fn pod_spec(pod: api::Pod) -> Result<(PodSpec, Silent), PodError> {
    let mut found = Findings::default();
    let spec = pod.spec.unwrap_or_default();
    let ephemeral = spec.ephemeral_containers.unwrap_or_default();
    let resources = resources("spec.resources", spec.resources.as_ref(), &mut found);
    if spec
        .security_context
        .is_some_and(|context| context != api::PodSecurityContext::default())
    {
        let field = "spec.securityContext".to_owned();
        found.silent.unplayed.push(field);
    }
    let of_pod = Pod {
        node: text(spec.node_name),
        service_account: text(spec.service_account_name).or(text(spec.service_account)),
        ip: pod.status.and_then(|status| text(status.pod_ip)),
        ..metadata(pod.metadata)
    };
    found.pod = of_pod.clone();
    let converted = PodSpec {
        pod: of_pod,
        restart_policy: restart_policy("spec", spec.restart_policy, &mut found).unwrap_or_default(),
        termination_grace_period_seconds: spec.termination_grace_period_seconds,
        active_deadline_seconds: spec.active_deadline_seconds,
        resources,
        priority_class_name: text(spec.priority_class_name),
        host_network: spec.host_network.unwrap_or_default(),
        share_process_namespace: spec.share_process_namespace.unwrap_or_default(),
        os_name: spec.os.and_then(|os| text(Some(os.name))),
        empty_dirs: empty_dirs(spec.volumes, &mut found),
        init_containers: containers("initContainers", spec.init_containers, &mut found),
        containers: containers("containers", Some(spec.containers), &mut found),
        ephemeral_with_lifecycle: (0..ephemeral.len())
            .filter(|&index| {
                ephemeral
                    .get(index)
                    .is_some_and(|one| one.lifecycle.is_some())
            })
            .collect(),
    };
    PodError::unless_none(found.faults)?;
    Ok((converted, found.silent))
}

/// A name that the API server would make up gets an ending that it never would.
fn metadata(metadata: ObjectMeta) -> Pod {
    let generated = || text(metadata.generate_name).map(|prefix| format!("{prefix}xxxxx"));
    Pod {
        name: text(metadata.name).or_else(generated).unwrap_or_default(),
        namespace: text(metadata.namespace).or_else(|| Some("default".to_owned())),
        uid: text(metadata.uid),
        labels: pairs(metadata.labels),
        annotations: pairs(metadata.annotations),
        ..Pod::default()
    }
}

/// Empty text is as text that is not there.
pub(super) fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn pairs(map: Option<BTreeMap<String, String>>) -> Vec<(String, String)> {
    map.into_iter().flatten().collect()
}

fn containers(
    list: &str,
    containers: Option<Vec<api::Container>>,
    found: &mut Findings,
) -> Vec<ContainerSpec> {
    let containers = containers.into_iter().flatten().enumerate();
    containers
        .map(|(index, one)| container(&format!("spec.{list}[{index}]"), one, found))
        .collect()
}

fn container(path: &str, one: api::Container, found: &mut Findings) -> ContainerSpec {
    let resources = resources(&format!("{path}.resources"), one.resources.as_ref(), found);
    unplayed(path, &one, found);
    if one.env_from.is_some_and(|sources| !sources.is_empty()) {
        found.silent.elsewhere.push(format!("{path}.envFrom"));
    }
    ContainerSpec {
        env: env(path, one.env, found),
        restart_policy: restart_policy(path, one.restart_policy, found),
        restart_rules: restart_rules(path, one.restart_policy_rules, found),
        startup_probe: probe(&format!("{path}.startupProbe"), one.startup_probe, found),
        liveness_probe: probe(&format!("{path}.livenessProbe"), one.liveness_probe, found),
        readiness_probe: probe(
            &format!("{path}.readinessProbe"),
            one.readiness_probe,
            found,
        ),
        resources,
        volume_mounts: volume_mounts(one.volume_mounts),
        ports: one.ports.into_iter().flatten().map(port).collect(),
        lifecycle: one.lifecycle.map(lifecycle),
        name: one.name,
        image: text(one.image),
        command: one.command.unwrap_or_default(),
        args: one.args.unwrap_or_default(),
        working_dir: text(one.working_dir),
    }
}

/// What would change how a container runs under a kubelet, and changes nothing here.
fn unplayed(path: &str, one: &api::Container, found: &mut Findings) {
    let context = one.security_context.as_ref();
    let is_bound = context.is_some_and(|context| *context != api::SecurityContext::default());
    let probes = [
        ("startupProbe", &one.startup_probe),
        ("livenessProbe", &one.liveness_probe),
        ("readinessProbe", &one.readiness_probe),
    ];
    let grpc = probes
        .into_iter()
        .filter(|(_, probe)| probe.as_ref().is_some_and(|probe| probe.grpc.is_some()));
    let mounts = one.volume_mounts.iter().flatten().enumerate();
    let expressions = mounts.filter(|(_, mount)| mount.sub_path_expr.is_some());
    let fields = is_bound
        .then(|| "securityContext".to_owned())
        .into_iter()
        .chain(grpc.map(|(name, _)| format!("{name}.grpc")))
        .chain(expressions.map(|(index, _)| format!("volumeMounts[{index}].subPathExpr")));
    let fields = fields.map(|field| format!("{path}.{field}"));
    found.silent.unplayed.extend(fields);
}

/// Volumes that need nothing but a place.
fn empty_dirs(volumes: Option<Vec<api::Volume>>, found: &mut Findings) -> Vec<String> {
    let mut empty = Vec::new();
    for (index, volume) in volumes.into_iter().flatten().enumerate() {
        match volume.empty_dir {
            Some(_) => empty.push(volume.name),
            None => {
                let field = format!("spec.volumes[{index}]");
                found.silent.elsewhere.push(field);
            }
        }
    }
    empty
}

fn volume_mounts(mounts: Option<Vec<api::VolumeMount>>) -> Vec<VolumeMount> {
    let mounts = mounts.into_iter().flatten().map(|mount| VolumeMount {
        name: mount.name,
        mount_path: mount.mount_path,
        sub_path: text(mount.sub_path),
        read_only: mount.read_only.unwrap_or_default(),
    });
    mounts.collect()
}

fn env(
    path: &str,
    variables: Option<Vec<api::EnvVar>>,
    found: &mut Findings,
) -> Vec<(String, String)> {
    let mut plain = Vec::new();
    for (index, variable) in variables.into_iter().flatten().enumerate() {
        let value = match variable.value_from {
            None => Some(variable.value.unwrap_or_default()),
            Some(source) => source
                .field_ref
                .and_then(|field| downward(&found.pod, &field.field_path)),
        };
        match value {
            Some(value) => plain.push((variable.name, value)),
            None => found
                .silent
                .elsewhere
                .push(format!("{path}.env[{index}].valueFrom")),
        }
    }
    plain
}

/// What the downward API says of a pod, as far as its file does.
fn downward(pod: &Pod, field: &str) -> Option<String> {
    let of = |pairs: &[(String, String)], key: &str| {
        let found = pairs.iter().find(|(name, _)| name == key);
        Some(found.map(|(_, value)| value.clone()).unwrap_or_default())
    };
    if let Some((map, key)) = field
        .strip_suffix("']")
        .and_then(|path| path.split_once("['"))
    {
        return match map {
            "metadata.labels" => of(&pod.labels, key),
            "metadata.annotations" => of(&pod.annotations, key),
            _ => None,
        };
    }
    match field {
        "metadata.name" => Some(pod.name.clone()),
        "metadata.namespace" => pod.namespace.clone(),
        "metadata.uid" => pod.uid.clone(),
        "spec.nodeName" => pod.node.clone(),
        "spec.serviceAccountName" => pod.service_account.clone(),
        "status.podIP" | "status.podIPs" => pod.ip.clone(),
        _ => None,
    }
}

fn port(port: api::ContainerPort) -> ContainerPort {
    ContainerPort {
        name: text(port.name),
        container_port: port.container_port,
    }
}

fn restart_policy(
    path: &str,
    policy: Option<String>,
    found: &mut Findings,
) -> Option<RestartPolicy> {
    let read = match text(policy)?.as_str() {
        "Always" => Ok(RestartPolicy::Always),
        "OnFailure" => Ok(RestartPolicy::OnFailure),
        "Never" => Ok(RestartPolicy::Never),
        other => Err(unsupported(
            format!("{path}.restartPolicy"),
            other,
            "\"Always\", \"OnFailure\", \"Never\"",
        )),
    };
    found.keep(read)
}

fn unsupported(field: String, value: &str, supported: &str) -> Fault {
    let why = format!("Unsupported value: {value:?}: supported values: {supported}");
    Fault::of_field(field, why)
}

fn restart_rules(
    path: &str,
    rules: Option<Vec<api::ContainerRestartRule>>,
    found: &mut Findings,
) -> Vec<RestartRule> {
    let rules = rules.into_iter().flatten().enumerate();
    rules
        .filter_map(|(index, rule)| {
            let path = format!("{path}.restartPolicyRules[{index}]");
            if rule.action == RESTART_ALL {
                found.silent.unplayable.push(format!("{path}.action"));
            }
            let read = restart_rule(&path, rule);
            found.keep(read)
        })
        .collect()
}

/// Beta in 1.36: the pod's containers are killed without their hooks, and all are
/// started anew.
const RESTART_ALL: &str = "RestartAllContainers";

fn restart_rule(path: &str, rule: api::ContainerRestartRule) -> Result<RestartRule, Fault> {
    if !["Restart", RESTART_ALL].contains(&rule.action.as_str()) {
        let field = format!("{path}.action");
        let supported = "\"Restart\", \"RestartAllContainers\"";
        return Err(unsupported(field, &rule.action, supported));
    }
    let codes = rule.exit_codes.unwrap_or_default();
    let not_in = match codes.operator.as_str() {
        "In" => false,
        "NotIn" => true,
        other => {
            let field = format!("{path}.exitCodes.operator");
            return Err(unsupported(field, other, "\"In\", \"NotIn\""));
        }
    };
    Ok(RestartRule {
        not_in,
        values: codes.values.unwrap_or_default(),
    })
}

fn lifecycle(lifecycle: api::Lifecycle) -> Lifecycle {
    Lifecycle {
        post_start: lifecycle.post_start.map(handler),
        pre_stop: lifecycle.pre_stop.map(handler),
        stop_signal: lifecycle.stop_signal,
    }
}

fn handler(handler: api::LifecycleHandler) -> LifecycleHandler {
    LifecycleHandler {
        exec: handler.exec.map(exec),
        http_get: handler.http_get.map(http_get),
        tcp_socket: handler.tcp_socket.map(tcp_socket),
        sleep: handler.sleep.map(|sleep| SleepAction {
            seconds: sleep.seconds,
        }),
    }
}

pub(super) fn exec(action: api::ExecAction) -> ExecAction {
    ExecAction {
        command: action.command.unwrap_or_default(),
    }
}

pub(super) fn http_get(action: api::HTTPGetAction) -> HttpGetAction {
    let headers = action.http_headers.into_iter().flatten();
    HttpGetAction {
        path: action.path,
        port: int_or_string(action.port),
        host: text(action.host),
        scheme: action.scheme,
        headers: headers.map(|header| (header.name, header.value)).collect(),
    }
}

pub(super) fn tcp_socket(action: api::TCPSocketAction) -> TcpSocketAction {
    TcpSocketAction {
        port: int_or_string(action.port),
        host: text(action.host),
    }
}

fn int_or_string(value: intstr::IntOrString) -> IntOrString {
    match value {
        intstr::IntOrString::Int(number) => IntOrString::Int(number),
        intstr::IntOrString::String(name) => IntOrString::String(name),
    }
}
