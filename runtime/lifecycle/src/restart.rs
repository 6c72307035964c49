//! Whether a container that ended is started again (R20).
//!
//! Follows the kubelet's `ShouldContainerBeRestarted` and, where a container has a
//! policy or rules of its own, KEP-5307 (`ContainerRestartRules`).

use crate::spec::{ContainerSpec, RestartPolicy, RestartRule};

/// Whether a container that exited with `code` is to be started again in a pod that
/// is not being deleted.
#[must_use]
pub fn restarts(container: &ContainerSpec, pod: RestartPolicy, code: i32) -> bool {
    if container
        .restart_rules
        .iter()
        .any(|rule| applies(rule, code))
    {
        return true;
    }
    match container.restart_policy.unwrap_or(pod) {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => code != 0,
        RestartPolicy::Never => false,
    }
}

fn applies(rule: &RestartRule, code: i32) -> bool {
    rule.values.contains(&code) != rule.not_in
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_and_exit_code_decide() {
        let plain = ContainerSpec::default();
        for (policy, code, expected) in [
            (RestartPolicy::Always, 0, true),
            (RestartPolicy::Always, 137, true),
            (RestartPolicy::OnFailure, 0, false),
            (RestartPolicy::OnFailure, 5, true),
            (RestartPolicy::Never, 5, false),
        ] {
            assert_eq!(
                restarts(&plain, policy, code),
                expected,
                "{policy:?} {code}"
            );
        }
    }

    #[test]
    fn a_container_may_have_a_policy_and_rules_of_its_own() {
        let rule = |not_in| RestartRule {
            not_in,
            values: vec![42],
        };
        let with = |rules| ContainerSpec {
            restart_policy: Some(RestartPolicy::Never),
            restart_rules: rules,
            ..ContainerSpec::default()
        };
        assert!(!restarts(&with(vec![]), RestartPolicy::Always, 1));
        assert!(restarts(
            &with(vec![rule(false)]),
            RestartPolicy::Always,
            42
        ));
        assert!(!restarts(
            &with(vec![rule(false)]),
            RestartPolicy::Always,
            1
        ));
        assert!(restarts(&with(vec![rule(true)]), RestartPolicy::Always, 1));
    }
}
