//! A pod's specification, as far as it touches hooks.
//!
//! What the API calls it, it is called here. Nothing is validated by being read:
//! [`validation`] says what the API server would refuse, and fields are as written,
//! before [`defaults`] are applied. Where the text comes from (YAML, JSON, the API)
//! is not known here.
//!
//! Kubernetes v1.36, `core/v1` types.

pub mod defaults;
pub mod expansion;
pub mod resources;
pub mod validation;

use crate::Hook;
use crate::invocation::Pod;
use crate::probe::ProbeKind;

pub use resources::{Amounts, Resources};

/// `spec` of a pod, and the metadata that its rules need.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodSpec {
    /// Name, namespace, uid and what else a hook may be told.
    pub pod: Pod,
    /// `restartPolicy`.
    pub restart_policy: RestartPolicy,
    /// `terminationGracePeriodSeconds`; `None`: not written.
    pub termination_grace_period_seconds: Option<i64>,
    /// `activeDeadlineSeconds`.
    pub active_deadline_seconds: Option<i64>,
    /// `resources` of the pod as a whole.
    pub resources: Resources,
    /// `priorityClassName`.
    pub priority_class_name: Option<String>,
    /// `hostNetwork`.
    pub host_network: bool,
    /// `shareProcessNamespace`.
    pub share_process_namespace: bool,
    /// `os.name`.
    pub os_name: Option<String>,
    /// `initContainers`, in order.
    pub init_containers: Vec<ContainerSpec>,
    /// `containers`, in order.
    pub containers: Vec<ContainerSpec>,
    /// Those of `volumes` that are an `emptyDir`, by name.
    pub empty_dirs: Vec<String>,
    /// Which of `ephemeralContainers` have a `lifecycle`, by index.
    pub ephemeral_with_lifecycle: Vec<usize>,
}

/// When a container that ended is started again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RestartPolicy {
    /// Whatever its exit code.
    #[default]
    Always,
    /// Unless it exited 0.
    OnFailure,
    /// Never.
    Never,
}

/// One of `containers` or `initContainers`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContainerSpec {
    /// `name`.
    pub name: String,
    /// `image`.
    pub image: Option<String>,
    /// `command`.
    pub command: Vec<String>,
    /// `args`.
    pub args: Vec<String>,
    /// `env` with plain values, in order; what `valueFrom` names is not known.
    pub env: Vec<(String, String)>,
    /// `workingDir`.
    pub working_dir: Option<String>,
    /// `ports`.
    pub ports: Vec<ContainerPort>,
    /// `lifecycle`.
    pub lifecycle: Option<Lifecycle>,
    /// `restartPolicy` of the container itself; `Always` on an init container makes
    /// it a sidecar.
    pub restart_policy: Option<RestartPolicy>,
    /// `restartPolicyRules`, in order.
    pub restart_rules: Vec<RestartRule>,
    /// `startupProbe`.
    pub startup_probe: Option<Probe>,
    /// `livenessProbe`.
    pub liveness_probe: Option<Probe>,
    /// `readinessProbe`.
    pub readiness_probe: Option<Probe>,
    /// `resources`.
    pub resources: Resources,
    /// `volumeMounts`, in order.
    pub volume_mounts: Vec<VolumeMount>,
}

/// One of `volumeMounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeMount {
    /// `name`, of a volume.
    pub name: String,
    /// `mountPath`.
    pub mount_path: String,
    /// `subPath`; `None`: the whole volume.
    pub sub_path: Option<String>,
    /// `readOnly`.
    pub read_only: bool,
}

impl ContainerSpec {
    /// The probe of this kind.
    #[must_use]
    pub fn probe(&self, kind: ProbeKind) -> Option<&Probe> {
        match kind {
            ProbeKind::Startup => self.startup_probe.as_ref(),
            ProbeKind::Liveness => self.liveness_probe.as_ref(),
            ProbeKind::Readiness => self.readiness_probe.as_ref(),
        }
    }
}

/// One of `restartPolicyRules`: restart when the exit code is (not) among these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartRule {
    /// Operator `NotIn` instead of `In`.
    pub not_in: bool,
    /// `exitCodes.values`.
    pub values: Vec<i32>,
}

/// One of `ports`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerPort {
    /// `name`.
    pub name: Option<String>,
    /// `containerPort`.
    pub container_port: i32,
}

/// A container's `lifecycle`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// `postStart`.
    pub post_start: Option<LifecycleHandler>,
    /// `preStop`.
    pub pre_stop: Option<LifecycleHandler>,
    /// `stopSignal`.
    pub stop_signal: Option<String>,
}

impl Lifecycle {
    /// The handler of this hook.
    #[must_use]
    pub fn handler(&self, hook: Hook) -> Option<&LifecycleHandler> {
        match hook {
            Hook::PostStart => self.post_start.as_ref(),
            Hook::PreStop => self.pre_stop.as_ref(),
        }
    }
}

/// `postStart` or `preStop`: one of these, says the API; any number of them, says
/// the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifecycleHandler {
    /// `exec`.
    pub exec: Option<ExecAction>,
    /// `httpGet`.
    pub http_get: Option<HttpGetAction>,
    /// `tcpSocket`.
    pub tcp_socket: Option<TcpSocketAction>,
    /// `sleep`.
    pub sleep: Option<SleepAction>,
}

/// What the kubelet makes of a [`LifecycleHandler`]: the first of these that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'h> {
    /// Run a command in the container.
    Exec(&'h ExecAction),
    /// Send a request.
    HttpGet(&'h HttpGetAction),
    /// Wait.
    Sleep(&'h SleepAction),
    /// Nothing the kubelet could run: `tcpSocket` alone, or no handler at all.
    Invalid(&'h LifecycleHandler),
}

impl LifecycleHandler {
    /// R43: exec, then httpGet, then sleep, else invalid.
    #[must_use]
    pub fn action(&self) -> Action<'_> {
        match (&self.exec, &self.http_get, &self.sleep) {
            (Some(exec), _, _) => Action::Exec(exec),
            (None, Some(get), _) => Action::HttpGet(get),
            (None, None, Some(sleep)) => Action::Sleep(sleep),
            (None, None, None) => Action::Invalid(self),
        }
    }
}

/// `exec`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecAction {
    /// `command`: the program and its arguments, literally.
    pub command: Vec<String>,
}

/// `httpGet`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpGetAction {
    /// `path`; `None`: not written.
    pub path: Option<String>,
    /// `port`.
    pub port: IntOrString,
    /// `host`; `None`: the pod's address.
    pub host: Option<String>,
    /// `scheme`; `None`: not written.
    pub scheme: Option<String>,
    /// `httpHeaders`, in order.
    pub headers: Vec<(String, String)>,
}

/// `tcpSocket`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TcpSocketAction {
    /// `port`.
    pub port: IntOrString,
    /// `host`.
    pub host: Option<String>,
}

/// `sleep`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SleepAction {
    /// `seconds`.
    pub seconds: i64,
}

/// A number, or the name of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntOrString {
    /// A number.
    Int(i32),
    /// A name.
    String(String),
}

impl Default for IntOrString {
    /// As of a field that was not written.
    fn default() -> Self {
        Self::Int(0)
    }
}

/// One of a container's three probes, defaults applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is asked.
    pub action: ProbeAction,
    /// `initialDelaySeconds`.
    pub initial_delay_seconds: u32,
    /// `periodSeconds`, at least 1; by default 10.
    pub period_seconds: u32,
    /// `timeoutSeconds`, at least 1; by default 1.
    pub timeout_seconds: u32,
    /// `successThreshold`, at least 1; by default 1.
    pub success_threshold: u32,
    /// `failureThreshold`, at least 1; by default 3.
    pub failure_threshold: u32,
    /// `terminationGracePeriodSeconds` of a kill that this probe causes.
    pub termination_grace_period_seconds: Option<i64>,
}

/// A probe's handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAction {
    /// `exec`.
    Exec(ExecAction),
    /// `httpGet`.
    HttpGet(HttpGetAction),
    /// `tcpSocket`.
    TcpSocket(TcpSocketAction),
    /// `grpc`, on this port: not played, and taken for a success.
    Grpc(i32),
}

/// Which container of a pod: init containers first, in the order of the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerIndex(pub usize);

impl PodSpec {
    /// All containers in the order of their start.
    pub fn all(&self) -> impl Iterator<Item = (ContainerIndex, &ContainerSpec)> {
        let both = self.init_containers.iter().chain(&self.containers);
        both.enumerate()
            .map(|(index, spec)| (ContainerIndex(index), spec))
    }

    /// The container at `index`.
    #[must_use]
    pub fn container(&self, index: ContainerIndex) -> Option<&ContainerSpec> {
        self.all().nth(index.0).map(|(_, spec)| spec)
    }

    /// Whether `index` is one of `initContainers`.
    #[must_use]
    pub fn is_init(&self, index: ContainerIndex) -> bool {
        index.0 < self.init_containers.len()
    }

    /// Whether `index` is an init container that stays: a sidecar (KEP-753).
    #[must_use]
    pub fn is_sidecar(&self, index: ContainerIndex) -> bool {
        self.is_init(index)
            && self
                .container(index)
                .is_some_and(|spec| spec.restart_policy == Some(RestartPolicy::Always))
    }

    /// `spec.containers[0]` or `spec.initContainers[0]`, as files have it.
    #[must_use]
    pub fn list_path(&self, index: ContainerIndex) -> String {
        match index.0.checked_sub(self.init_containers.len()) {
            None => format!("spec.initContainers[{}]", index.0),
            Some(index) => format!("spec.containers[{index}]"),
        }
    }

    /// `spec.containers{name}` or `spec.initContainers{name}`, as events say it.
    #[must_use]
    pub fn field_path(&self, index: ContainerIndex) -> String {
        let list = match self.is_init(index) {
            true => "initContainers",
            false => "containers",
        };
        let name = self.container(index).map_or("", |spec| &spec.name);
        format!("spec.{list}{{{name}}}")
    }

    /// `NAME_NAMESPACE(UID)`, as the kubelet names a pod in its texts.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!(
            "{}_{}({})",
            self.pod.name,
            self.pod.namespace.as_deref().unwrap_or("default"),
            self.pod.uid.as_deref().unwrap_or_default()
        )
    }
}
