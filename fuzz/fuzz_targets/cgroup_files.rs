//! Whatever stands in the files of a cgroup, reading them gives numbers or an error that says
//! which file it was, and whoever pays by those numbers can. Nor does what /proc says of
//! memberships and mounts matter to whoever reads it.
//!
//! An input is a tree: `PATH=TEXT;PATH=TEXT`, of folders and files that cgroups have.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podhook_ledger::cgroup::Binding;
use podhook_ledger::{Cgroup, CgroupError, CgroupName};
use podhook_lifecycle::Meter;
use procfs_core::process::MountInfos;
use procfs_core::{FromBufRead, ProcessCGroups};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Parts of a path; any other leads nowhere.
const WORDS: [&str; 24] = [
    // Folders.
    "pod",
    "c",
    "cpu",
    "cpuacct",
    "cpu,cpuacct",
    "memory",
    "unified",
    // Files of v2.
    "cgroup.controllers",
    "cgroup.procs",
    "cpu.max",
    "cpu.weight",
    "memory.max",
    "memory.current",
    "memory.events",
    // Of both.
    "cpu.stat",
    // Of v1.
    "cpu.cfs_quota_us",
    "cpu.cfs_period_us",
    "cpu.shares",
    "cpuacct.usage",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "memory.failcnt",
    "memory.oom_control",
    "tasks",
];

/// Where a container's cgroup could be.
const CGROUPS: [&str; 7] = [
    "",
    "pod",
    "pod/c",
    "cpu/pod/c",
    "cpu,cpuacct/pod/c",
    "memory/pod/c",
    "unified/pod/c",
];

fn is_of_a_cgroup(path: &str) -> bool {
    let mut words = path.split('/');
    words.clone().count() <= 5 && words.all(|word| WORDS.contains(&word))
}

fn make(root: &Path, tree: &str) {
    for (path, text) in tree.split(';').filter_map(|part| part.split_once('=')) {
        let path = path.trim();
        if !is_of_a_cgroup(path) {
            continue;
        }
        let path = root.join(path);
        let folder = path.parent().unwrap_or(root);
        // A path may go through a file; then it is not there.
        let _ = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
    }
}

fn look(cgroup: &Cgroup) -> Result<(), CgroupError> {
    let counters = cgroup.counters()?;
    assert!(counters.since(&counters).is_some());
    let found = cgroup.limits()?;
    let binding = cgroup.limits_that_bind()?.limits;
    assert_eq!(found.limits.cpu, binding.cpu);
    assert_eq!(found.limits.memory_max, binding.memory_max);
    let account = found.account(Binding::ALL);
    let left = account.memory_left();
    assert!(left <= found.limits.memory_max || found.limits.memory_max.is_none());
    if account.charge_memory(1).is_ok() {
        account.uncharge_memory(1);
    }
    assert_eq!(account.memory_left(), left);
    let _ = (account.periods(Instant::now()), account.weights());
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = ProcessCGroups::from_buf_read(text.as_bytes()).map_err(|why| why.to_string());
    let _ = MountInfos::from_buf_read(text.as_bytes()).map_err(|why| why.to_string());
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &text);
    for below in CGROUPS {
        let name = CgroupName::Folder(folder.path().join(below));
        for root in [Some(folder.path()), None] {
            if let Err(why) = Cgroup::find(&name, root).and_then(|cgroup| look(&cgroup)) {
                assert!(why.to_string().starts_with('/'), "{why}");
            }
        }
    }
});
