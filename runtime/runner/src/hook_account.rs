//! Whom a hook is charged to that no pod names: its own options, before a cgroup's
//! limits, before defaults.

use crate::options::LimitOptions;
use podhook_ledger::cgroup::Binding;
use podhook_ledger::{Account, AccountLimits, Cgroup, CgroupLimits};
use podhook_lifecycle::{Budget, Caps, Kept, Meter};
use std::sync::Arc;

/// A cgroup that was asked for, and what it says.
#[derive(Debug)]
pub struct Found {
    /// Where it is.
    pub cgroup: Cgroup,
    /// Of it and those above it.
    pub limits: CgroupLimits,
}

/// What a hook gets where no option says otherwise: of the cgroup what it says, and
/// podhook's own defaults for the rest.
#[must_use]
pub fn defaults(found: Option<&Found>) -> Budget {
    let mut budget = Budget::default();
    if let Some(Found { limits, .. }) = found {
        budget.cpu = limits.limits.cpu;
        if limits.says_memory {
            budget.memory = limits.limits.memory_max;
        }
    }
    budget
}

/// What a hook gets inside of a container where no option says otherwise: what the
/// container has, no deadline, and the end of its output, which the kubelet puts into
/// the pod's status twice.
#[must_use]
pub fn defaults_in_container(found: Option<&Found>) -> Budget {
    let limits = found.map(|found| found.limits.limits).unwrap_or_default();
    Budget {
        timeout: None,
        fuel: None,
        cpu: limits.cpu,
        memory: limits.memory_max,
        caps: Caps {
            output: 4 << 10,
            output_kept: Kept::Tail,
            ..Caps::default()
        },
    }
}

/// The account of one hook: its cgroup's levels, as far as no option replaces them, and
/// below them its own.
#[must_use]
pub fn meter(
    options: &LimitOptions,
    found: Option<&Found>,
    budget: &Budget,
    inside: Inside,
) -> Arc<dyn Meter> {
    let says_memory = found.is_some_and(|found| found.limits.says_memory);
    let own = AccountLimits {
        // The default, where nobody else says anything.
        memory_max: budget
            .memory
            .filter(|_| options.memory.is_some() || !says_memory),
        ..options.own()
    };
    let Some(found) = found else {
        return Arc::new(Account::new(own));
    };
    let binding = Binding {
        cpu: options.cpu_max().is_none() && !inside.is_throttled,
        memory: options.memory.is_none(),
        reserve: inside.reserve,
    };
    Arc::new(Account::under(found.limits.account(binding), own))
}

/// What is different for a hook that runs inside of the cgroup itself.
#[derive(Debug, Clone, Copy)]
pub struct Inside {
    /// The kernel throttles it.
    pub is_throttled: bool,
    /// Bytes that podhook itself takes there.
    pub reserve: u64,
}
