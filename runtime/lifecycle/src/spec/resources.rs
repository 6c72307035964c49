//! What a pod asks for and is limited to, and what the kubelet makes of it.
//!
//! Follows kubelet v1.36 `generateLinuxContainerResources`, `ResourceConfigForPod`,
//! `qos.GetContainerOOMScoreAdjust`, and `resource.PodLimits`.

use super::{ContainerIndex, ContainerSpec, PodSpec, RestartPolicy};
use crate::limits::{self, CpuMax, CpuWeight, Limits, Qos, Sources};

/// `resources`, of a container or of the pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resources {
    /// `requests`.
    pub requests: Amounts,
    /// `limits`.
    pub limits: Amounts,
}

/// What is written of the two; an amount of 0 is written, and is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// `cpu`, in thousandths, rounded up.
    pub milli_cpu: Option<u64>,
    /// `memory`, in bytes, rounded up.
    pub memory: Option<u64>,
}

/// One of [`Amounts`].
type Amount = fn(&Amounts) -> Option<u64>;

const CPU: Amount = |amounts| amounts.milli_cpu;
const MEMORY: Amount = |amounts| amounts.memory;

impl Amounts {
    /// Above 0.
    fn some(&self, amount: Amount) -> Option<u64> {
        amount(self).filter(|&amount| amount > 0)
    }
}

impl Resources {
    /// What is asked for: the API server writes the limit where no request is.
    fn request(&self, amount: Amount) -> Option<u64> {
        amount(&self.requests).or(amount(&self.limits))
    }

    fn says_something(&self) -> bool {
        [&self.requests, &self.limits]
            .iter()
            .any(|amounts| amounts.some(CPU).is_some() || amounts.some(MEMORY).is_some())
    }

    fn is_guaranteed(&self) -> bool {
        [CPU, MEMORY].iter().all(|&amount| {
            let limit = self.limits.some(amount);
            limit.is_some() && self.request(amount) == limit
        })
    }
}

impl PodSpec {
    /// What a container's cgroup would be limited to on a node with this many bytes of
    /// memory, and which field says so.
    #[must_use]
    pub fn limits_of(&self, index: ContainerIndex, node_memory: u64) -> (Limits, Sources) {
        let Some(container) = self.container(index) else {
            return (Limits::default(), Sources::new());
        };
        let list = self.list_path(index);
        let path = format!("{list}.resources");
        let mut sources = Sources::from([("cpu.period_usec", PERIOD_SOURCE.to_owned())]);
        let mut from = |names: &[&'static str], source: String| {
            sources.extend(names.iter().map(|&name| (name, source.clone())));
        };
        let own = &container.resources;
        let cpu = self.limit(own, &path, CPU);
        let memory = self.limit(own, &path, MEMORY);
        if let Some((_, field)) = &cpu {
            from(&["cpu.quota_usec"], format!("{field}.cpu"));
        }
        if let Some((_, field)) = &memory {
            from(&["memory.max"], format!("{field}.memory"));
        }
        let milli_cpu = cpu.as_ref().map_or(0, |(milli, _)| *milli);
        let request = own.requests.milli_cpu;
        let why = match (request, &cpu) {
            (Some(_), _) => format!("{path}.requests.cpu"),
            (None, Some((_, field))) => format!("{field}.cpu"),
            (None, None) => "no request, no limit".to_owned(),
        };
        from(&["cpu.shares", "cpu.weight", "cpu.weight_linear"], why);
        let (score, why) = self.oom_score_adj(index, container, node_memory);
        from(&["oom_score_adj"], why);
        let limits = Limits {
            cpu: CpuMax::of_milli_cpu(milli_cpu, CpuMax::PERIOD_USEC),
            weight: Some(CpuWeight::of_milli_cpu(request.unwrap_or(milli_cpu))),
            memory_max: memory.map(|(bytes, _)| bytes),
            oom_score_adj: Some(score),
        };
        (limits, sources)
    }

    /// A container's limit, else the pod's (R82), and the field that has it.
    fn limit(&self, own: &Resources, path: &str, amount: Amount) -> Option<(u64, String)> {
        let of_container = own.limits.some(amount);
        let of_pod = self.resources.limits.some(amount);
        of_container
            .map(|limit| (limit, format!("{path}.limits")))
            .or_else(|| of_pod.map(|limit| (limit, "spec.resources.limits".to_owned())))
    }

    /// R82: what the pod's own cgroup is limited to.
    #[must_use]
    pub fn pod_limits(&self) -> Limits {
        let milli_cpu = self.pod_limit(CPU).unwrap_or(0);
        Limits {
            cpu: CpuMax::of_milli_cpu(milli_cpu, CpuMax::PERIOD_USEC),
            memory_max: self.pod_limit(MEMORY),
            weight: None,
            oom_score_adj: None,
        }
    }

    /// As written, else what the containers can have at one time, if all are limited.
    fn pod_limit(&self, amount: Amount) -> Option<u64> {
        let limit = |container: &ContainerSpec| container.resources.limits.some(amount);
        self.resources.limits.some(amount).or_else(|| {
            let mut sidecars = 0_u64;
            let mut most = 0;
            for container in &self.init_containers {
                let limit = limit(container)?;
                most = most.max(sidecars.saturating_add(limit));
                if is_sidecar(container) {
                    sidecars = sidecars.saturating_add(limit);
                }
            }
            let mut together = sidecars;
            for container in &self.containers {
                together = together.saturating_add(limit(container)?);
            }
            Some(most.max(together))
        })
    }

    fn oom_score_adj(
        &self,
        index: ContainerIndex,
        container: &ContainerSpec,
        node: u64,
    ) -> (i32, String) {
        if self.priority_class_name.as_deref() == Some("system-node-critical") {
            let why = "spec.priorityClassName";
            return (limits::GUARANTEED, why.to_owned());
        }
        let qos = self.qos();
        let score = |request| limits::oom_score_adj(qos, request, node);
        let own = score(self.memory_request(container));
        let score = match qos == Qos::Burstable && self.is_sidecar(index) {
            false => own,
            true => {
                let least = self.containers.iter().map(|one| self.memory_request(one));
                own.min(score(least.min().unwrap_or(0)))
            }
        };
        (score, format!("{qos:?} pod"))
    }

    /// A container's, with its part of what the pod asks for beyond its containers.
    fn memory_request(&self, container: &ContainerSpec) -> u64 {
        let own = |one: &ContainerSpec| one.resources.request(MEMORY).unwrap_or(0);
        let containers = || self.containers.iter().chain(self.sidecars());
        let asked = containers().fold(0_u64, |sum, one| sum.saturating_add(own(one)));
        let rest = self.resources.request(MEMORY).unwrap_or(0);
        let rest = rest.saturating_sub(asked);
        let count = u64::try_from(containers().count()).unwrap_or(u64::MAX);
        own(container).saturating_add(rest / count.max(1))
    }

    fn sidecars(&self) -> impl Iterator<Item = &ContainerSpec> {
        self.init_containers.iter().filter(|one| is_sidecar(one))
    }

    /// By the pod's own resources where it has any, else by its containers'.
    fn qos(&self) -> Qos {
        if self.resources.says_something() {
            return match self.resources.is_guaranteed() {
                true => Qos::Guaranteed,
                false => Qos::Burstable,
            };
        }
        let all = || self.all().map(|(_, container)| &container.resources);
        if !all().any(Resources::says_something) {
            return Qos::BestEffort;
        }
        match all().all(Resources::is_guaranteed) {
            true => Qos::Guaranteed,
            false => Qos::Burstable,
        }
    }
}

/// Who says how long a period is.
const PERIOD_SOURCE: &str = "the kubelet's default (cpuCFSQuotaPeriod)";

fn is_sidecar(container: &ContainerSpec) -> bool {
    container.restart_policy == Some(RestartPolicy::Always)
}

#[cfg(test)]
mod tests;
