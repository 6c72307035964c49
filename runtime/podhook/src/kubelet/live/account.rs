//! A container's account, as `pod run -o json` shows it at the end.

use podhook_ledger::Account;
use podhook_lifecycle::MemoryUsage;
use serde_json::{Value, json};

/// Names are those of the cgroup v2 files.
pub(crate) fn object(container: &str, memory_max: Option<u64>, account: &Account) -> Value {
    let MemoryUsage {
        current,
        peak,
        events,
    } = account.memory();
    json!({
        "container": container,
        "limits": {"memory": {"max": memory_max}},
        "usage": {
            "cpu": {"usage_usec": u64::try_from(account.cpu().as_micros()).unwrap_or(u64::MAX)},
            "memory": {
                "current": current,
                "peak": peak,
                "events": {"max": events.max, "oom": events.oom, "oom_kill": events.oom_kill},
            },
        },
    })
}
