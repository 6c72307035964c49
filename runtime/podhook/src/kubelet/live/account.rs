//! A container's account, as `pod run -o json` shows it at the end.

use podhook_ledger::Account;
use podhook_lifecycle::{CpuUsage, MemoryUsage};
use serde_json::{Value, json};

/// Names are those of the cgroup v2 files.
pub(crate) fn object(container: &str, account: &Account) -> Value {
    let limits = account.limits();
    json!({
        "container": container,
        "limits": {
            "cpu": {
                "quota_usec": limits.cpu.quota_usec,
                "period_usec": limits.cpu.period_usec,
                "weight": limits.weight,
            },
            "memory": {"max": limits.memory_max},
        },
        "usage": {"cpu": cpu(account.cpu()), "memory": memory(account.memory())},
    })
}

fn cpu(usage: CpuUsage) -> Value {
    let usage_usec = usage.usage_nsec / 1000;
    let system_usec = (usage.system_nsec / 1000).min(usage_usec);
    json!({
        "usage_usec": usage_usec,
        "user_usec": usage_usec - system_usec,
        "system_usec": system_usec,
        "nr_periods": usage.nr_periods,
        "nr_throttled": usage.nr_throttled,
        "throttled_usec": usage.throttled_usec,
    })
}

fn memory(usage: MemoryUsage) -> Value {
    let events = usage.events;
    json!({
        "current": usage.current,
        "peak": usage.peak,
        "events": {"max": events.max, "oom": events.oom, "oom_kill": events.oom_kill},
    })
}
