//! The RES cases, and what surrounds them.

use super::*;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn amounts(milli_cpu: Option<u64>, memory: Option<u64>) -> Amounts {
    Amounts { milli_cpu, memory }
}

fn container(requests: Amounts, limits: Amounts) -> ContainerSpec {
    ContainerSpec {
        resources: Resources { requests, limits },
        ..ContainerSpec::default()
    }
}

fn pod(containers: Vec<ContainerSpec>) -> PodSpec {
    PodSpec {
        containers,
        ..PodSpec::default()
    }
}

/// Shares, quota and memory limit of the first container.
fn numbers(pod: &PodSpec) -> (u64, Option<u64>, Option<u64>) {
    let (limits, _) = pod.limits_of(ContainerIndex(0), 4 * GIB);
    assert_eq!(limits.cpu.period_usec, 100_000);
    let shares = limits.weight.unwrap().shares;
    (shares, limits.cpu.quota_usec, limits.memory_max)
}

#[test]
fn request_and_limit_alike() {
    let table = [
        (0, 2, None),
        (5, 5, Some(1000)),
        (9, 9, Some(1000)),
        (10, 10, Some(1000)),
        (200, 204, Some(20_000)),
        (500, 512, Some(50_000)),
        (1000, 1024, Some(100_000)),
        (1500, 1536, Some(150_000)),
    ];
    for (milli, shares, quota) in table {
        let cpu = amounts(Some(milli), None);
        let pod = pod(vec![container(cpu, cpu)]);
        assert_eq!(numbers(&pod), (shares, quota, None), "{milli}m");
    }
}

#[test]
fn request_below_limit_without_limit_and_without_request() {
    let none = amounts(None, None);
    let both = container(
        amounts(Some(1000), None),
        amounts(Some(3000), Some(256 * MIB)),
    );
    assert_eq!(
        numbers(&pod(vec![both])),
        (1024, Some(300_000), Some(268_435_456))
    );
    let request = container(amounts(Some(2000), None), none);
    assert_eq!(numbers(&pod(vec![request])), (2048, None, None));
    let limit = container(none, amounts(Some(2000), None));
    assert_eq!(numbers(&pod(vec![limit])), (2048, Some(200_000), None));
    // A request of 0 that is written is one.
    let zero = container(amounts(Some(0), None), amounts(Some(2000), Some(0)));
    assert_eq!(numbers(&pod(vec![zero])), (2, Some(200_000), None));
}

#[test]
fn the_pods_limit_stands_in_for_the_containers() {
    let mut pod = pod(vec![container(
        amounts(Some(1000), None),
        Amounts::default(),
    )]);
    pod.resources.limits = amounts(Some(3000), Some(256 * MIB));
    assert_eq!(numbers(&pod), (1024, Some(300_000), Some(268_435_456)));
    let (_, sources) = pod.limits_of(ContainerIndex(0), GIB);
    assert_eq!(sources["cpu.quota_usec"], "spec.resources.limits.cpu");
    assert_eq!(sources["memory.max"], "spec.resources.limits.memory");
    assert_eq!(
        sources["cpu.shares"],
        "spec.containers[0].resources.requests.cpu"
    );
    let limits = pod.pod_limits();
    assert_eq!(
        (limits.cpu.quota_usec, limits.memory_max),
        (Some(300_000), Some(256 * MIB))
    );
}

#[test]
fn scores() {
    let score = |pod: &PodSpec, index| {
        pod.limits_of(ContainerIndex(index), 4 * GIB)
            .0
            .oom_score_adj
    };
    let all = amounts(Some(100), Some(GIB));
    assert_eq!(score(&pod(vec![container(all, all)]), 0), Some(-997));
    assert_eq!(
        score(&pod(vec![container(Amounts::default(), all)]), 0),
        Some(-997)
    );
    let zero = amounts(Some(0), Some(0));
    assert_eq!(score(&pod(vec![container(zero, zero)]), 0), Some(1000));
    let quarter = container(amounts(None, Some(GIB)), Amounts::default());
    assert_eq!(score(&pod(vec![quarter.clone()]), 0), Some(750));
    let mut critical = pod(vec![quarter.clone()]);
    critical.priority_class_name = Some("system-node-critical".to_owned());
    assert_eq!(score(&critical, 0), Some(-997));
    // A sidecar is not killed before the containers it serves.
    let mut with_sidecar = pod(vec![quarter]);
    let mut sidecar = container(amounts(Some(1), None), Amounts::default());
    sidecar.restart_policy = Some(RestartPolicy::Always);
    with_sidecar.init_containers = vec![sidecar];
    assert_eq!(score(&with_sidecar, 0), Some(750));
    with_sidecar.init_containers[0].restart_policy = None;
    assert_eq!(score(&with_sidecar, 0), Some(999));
    // What the pod asks for beyond its containers is theirs in equal parts.
    let mut of_pod = pod(vec![ContainerSpec::default(), ContainerSpec::default()]);
    of_pod.resources.requests = amounts(None, Some(2 * GIB));
    assert_eq!(score(&of_pod, 1), Some(750));
}

#[test]
fn a_pod_has_a_limit_where_all_containers_have() {
    let limited = |mib: u64| container(Amounts::default(), amounts(Some(100), Some(mib * MIB)));
    let mut pod = pod(vec![limited(10), limited(20)]);
    assert_eq!(pod.pod_limits().memory_max, Some(30 * MIB));
    assert_eq!(pod.pod_limits().cpu.quota_usec, Some(20_000));
    let mut sidecar = limited(5);
    sidecar.restart_policy = Some(RestartPolicy::Always);
    pod.init_containers = vec![sidecar, limited(40)];
    assert_eq!(pod.pod_limits().memory_max, Some(45 * MIB));
    pod.containers.push(ContainerSpec::default());
    assert_eq!(pod.pod_limits().memory_max, None);
}
