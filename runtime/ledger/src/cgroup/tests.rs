//! Cgroups in folders made for it; real ones are the integration tests' business.

use super::*;
use podhook_lifecycle::{CpuMax, Meter};
use tempfile::TempDir;

/// Files in a folder of their own.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn limits(root: &TempDir, folder: &str) -> Result<CgroupLimits, CgroupError> {
    let name = CgroupName::Folder(root.path().join(folder));
    let with_root = Cgroup::find(&name, Some(root.path()))?.limits();
    // The root is found by itself as well.
    let alone = Cgroup::find(&name, None)?.limits();
    assert_eq!(format!("{with_root:?}"), format!("{alone:?}"));
    with_root
}

const V2: [(&str, &str); 10] = [
    ("cgroup.controllers", "cpu memory\n"),
    ("kubepods/cpu.max", "max 100000\n"),
    ("kubepods/memory.max", "8589934592\n"),
    ("kubepods/memory.current", "4096\n"),
    ("kubepods/pod1/cpu.max", "30000 100000\n"),
    ("kubepods/pod1/memory.max", "100000000\n"),
    ("kubepods/pod1/c1/cpu.max", "5000 10000\n"),
    ("kubepods/pod1/c1/cpu.weight", "39\n"),
    ("kubepods/pod1/c1/memory.max", "200000000\n"),
    ("kubepods/pod1/c1/memory.current", "150000000\n"),
];

#[test]
fn v2_the_tightest_limit_on_the_way_up_is_the_limit() {
    let root = tree(&V2);
    let found = limits(&root, "kubepods/pod1/c1").unwrap();
    // 30 % of the pod is less than the container's own 50 %.
    let max = CpuMax {
        quota_usec: Some(30_000),
        period_usec: 100_000,
    };
    assert_eq!(found.limits.cpu, max);
    assert_eq!(found.limits.memory_max, Some(100_000_000));
    let weight = found.limits.weight.unwrap();
    assert_eq!((weight.weight, weight.shares), (39, 998));
    assert!(found.sources["cpu.quota_usec"].ends_with("/kubepods/pod1/cpu.max"));
    assert!(found.sources["memory.max"].ends_with("/kubepods/pod1/memory.max"));
    assert!(found.sources["cpu.weight"].ends_with("/kubepods/pod1/c1/cpu.weight"));
    // All of them bind, and what is in use counts where it is known.
    let account = found.account(Binding::ALL);
    assert_eq!(account.memory_left(), Some(50_000_000));
    let now = std::time::Instant::now();
    let without_cpu = Binding {
        cpu: false,
        ..Binding::ALL
    };
    assert_eq!(account.periods(now).unwrap().length.as_millis(), 10);
    assert_eq!(found.account(without_cpu).periods(now), None);
}

#[test]
fn v2_without_limits_and_without_files() {
    let root = tree(&[
        ("cgroup.controllers", ""),
        ("a/cpu.max", "max 50000"),
        ("a/memory.max", "max"),
        ("b/cgroup.procs", ""),
    ]);
    let found = limits(&root, "a").unwrap();
    assert_eq!(
        (found.limits.cpu.quota_usec, found.limits.cpu.period_usec),
        (None, 50_000)
    );
    assert_eq!((found.limits.memory_max, found.says_memory), (None, true));
    assert!(found.sources["memory.max"].ends_with("/a/memory.max"));
    let found = limits(&root, "b").unwrap();
    assert_eq!(found, CgroupLimits::default());
    assert_eq!(found.account(Binding::ALL).memory_left(), None);
}

#[test]
fn v2_whose_root_has_no_files_and_v2_beside_v1() {
    let root = tree(&[("kubepods/c/memory.max", "4096")]);
    let name = CgroupName::Folder(root.path().join("kubepods/c"));
    let found = Cgroup::find(&name, Some(root.path())).unwrap();
    assert_eq!(found.limits().unwrap().limits.memory_max, Some(4096));
    let root = tree(&[
        ("cpu/c/cpu.shares", "2"),
        ("unified/cgroup.procs", ""),
        ("unified/c/cgroup.procs", ""),
    ]);
    let name = CgroupName::Folder(root.path().join("unified/c"));
    let found = Cgroup::find(&name, Some(root.path())).unwrap();
    let place = found.cpu.unwrap();
    assert_eq!(place.version, Version::V2);
    assert_eq!(place.levels().count(), 2);
}

#[test]
fn v1_controllers_may_be_anywhere() {
    let root = tree(&[
        ("cpu,cpuacct/pod/c1/cpu.cfs_quota_us", "20000\n"),
        ("cpu,cpuacct/pod/c1/cpu.cfs_period_us", "100000\n"),
        ("cpu,cpuacct/pod/c1/cpu.shares", "204\n"),
        ("cpu,cpuacct/pod/cpu.cfs_quota_us", "-1\n"),
        ("cpu,cpuacct/pod/cpu.cfs_period_us", "100000\n"),
        (
            "memory/pod/c1/memory.limit_in_bytes",
            "9223372036854771712\n",
        ),
        ("memory/pod/memory.limit_in_bytes", "67108864\n"),
        ("memory/pod/memory.usage_in_bytes", "7108864\n"),
        ("pids/pod/c1/pids.max", "max\n"),
    ]);
    let expected = limits(&root, "memory/pod/c1").unwrap();
    for controller in ["cpu,cpuacct", "pids"] {
        assert_eq!(
            limits(&root, &format!("{controller}/pod/c1")).unwrap(),
            expected
        );
    }
    assert_eq!(expected.limits.cpu.quota_usec, Some(20_000));
    assert_eq!(expected.limits.memory_max, Some(64 << 20));
    let weight = expected.limits.weight.unwrap();
    assert_eq!(
        (weight.shares, weight.weight, weight.weight_linear),
        (204, 29, 8)
    );
    assert_eq!(
        expected.account(Binding::ALL).memory_left(),
        Some(60_000_000)
    );
}

#[test]
fn v1_without_its_memory_folder_says_nothing_of_memory() {
    let root = tree(&[
        ("cpu/c1/cpu.cfs_quota_us", "20000"),
        ("memory/memory.limit_in_bytes", "1000"),
    ]);
    let found = limits(&root, "cpu/c1").unwrap();
    assert_eq!((found.says_cpu, found.says_memory), (true, false));
    assert_eq!(found.limits.cpu.period_usec, 100_000);
}

#[test]
fn garbage_is_named_and_never_taken_for_no_limit() {
    let cpu = [
        "",
        "banana",
        "0 100000",
        "-1 100000",
        "50000 0",
        "1 2 3",
        "5e4 100000",
    ];
    for text in cpu {
        let root = tree(&[("cgroup.controllers", ""), ("c/cpu.max", text)]);
        let error = limits(&root, "c").unwrap_err().to_string();
        assert!(error.ends_with("is not QUOTA|max PERIOD"), "{error}");
    }
    for text in ["", "64Mi", "-2", "99999999999999999999", "1 2", "\u{0}"] {
        let root = tree(&[("cgroup.controllers", ""), ("c/memory.max", text)]);
        let error = limits(&root, "c").unwrap_err().to_string();
        assert!(error.ends_with("is not bytes, or max"), "{error}");
    }
    for (file, text) in [
        ("cpu.cfs_quota_us", "0"),
        ("cpu.cfs_quota_us", "-2"),
        ("cpu.shares", "x"),
    ] {
        let path = format!("cpu/c/{file}");
        let root = tree(&[(&path, text)]);
        assert!(limits(&root, "cpu/c").is_err(), "{file} {text}");
    }
    let long = "7".repeat(1 << 20);
    let root = tree(&[("cgroup.controllers", ""), ("c/memory.max", &long)]);
    let error = limits(&root, "c").unwrap_err().to_string();
    assert!(error.len() < 300, "{}", error.len());
}

#[test]
fn what_is_no_cgroup_is_refused() {
    let root = tree(&[("cpu/c/cpu.shares", "2"), ("other/x", "")]);
    let find = |path: &str| {
        let name = CgroupName::Folder(root.path().join(path));
        Cgroup::find(&name, Some(root.path())).unwrap_err()
    };
    assert!(find("cpu/nope").is_not_found());
    assert!(
        find("cpu/c/cpu.shares")
            .to_string()
            .ends_with("not a folder")
    );
    assert!(find("other").to_string().contains("neither of v2"));
    assert!(find("").to_string().contains("neither of v2"));
    let elsewhere = tree(&V2);
    let name = CgroupName::Folder(elsewhere.path().join("kubepods"));
    let error = Cgroup::find(&name, Some(root.path())).unwrap_err();
    assert!(error.to_string().ends_with("not under --cgroup-root"));
}

#[test]
fn a_file_that_is_none_is_not_waited_for() {
    let root = tree(&[("cgroup.controllers", "")]);
    let folder = root.path().join("c");
    std::fs::create_dir_all(folder.join("memory.max")).unwrap();
    let error = limits(&root, "c").unwrap_err().to_string();
    assert!(error.contains("memory.max"), "{error}");
    let fifo = folder.join("cpu.max");
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let error = limits(&root, "c").unwrap_err().to_string();
    assert!(error.ends_with("not a file"), "{error}");
}

#[test]
fn the_own_cgroup_is_found_and_a_process_that_is_none_is_not() {
    let found = Cgroup::find(&CgroupName::Auto, None);
    match found {
        Ok(cgroup) => assert!(cgroup.limits().is_ok()),
        Err(error) => eprintln!("no cgroups on this machine: {error}"),
    }
    let none = Cgroup::find(&CgroupName::Process(u32::MAX), None);
    assert!(none.unwrap_err().is_not_found());
}

#[test]
fn the_own_cgroup_of_a_tree_that_is_a_containers_view() {
    let root = tree(&[
        ("cgroup.controllers", ""),
        ("cpu.max", "10000 100000"),
        ("memory.max", "1000000"),
    ]);
    let found = Cgroup::find(&CgroupName::Auto, Some(root.path())).unwrap();
    let limits = found.limits().unwrap().limits;
    assert_eq!(
        (limits.cpu.quota_usec, limits.memory_max),
        (Some(10_000), Some(1_000_000))
    );
    assert!(limits.oom_score_adj.is_some());
}

#[test]
fn files_that_anybody_made_move_nobody() {
    let root = tree(&[
        ("cgroup.controllers", "cpu memory"),
        ("c/cpu.max", "1000 100000"),
        ("c/memory.current", "0"),
        ("c/cpu.stat", "usage_usec 5\n"),
        ("c/cgroup.procs", ""),
        ("c/cgroup.threads", ""),
    ]);
    let name = CgroupName::Folder(root.path().join("c"));
    let cgroup = Cgroup::find(&name, Some(root.path())).unwrap();
    let Entry::Closed(why) = cgroup.entry() else {
        panic!("{:?}", cgroup.entry());
    };
    assert!(why.ends_with("not in a cgroup file system"), "{why}");
    for mover in [Mover::Process, Mover::Thread] {
        assert_eq!(cgroup.enter(mover), Entered::default());
    }
    let written = std::fs::read(root.path().join("c/cgroup.procs")).unwrap();
    assert!(written.is_empty());
}

#[test]
fn counters_of_both_generations_and_what_came_on_top() {
    let stat = "usage_usec 70\nuser_usec 60\nnr_periods 5\nnr_throttled 3\nthrottled_usec 9\n";
    let root = tree(&[
        ("cgroup.controllers", ""),
        ("c/cpu.stat", stat),
        (
            "c/memory.events",
            "low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\n",
        ),
    ]);
    let name = CgroupName::Folder(root.path().join("c"));
    let v2 = Cgroup::find(&name, None).unwrap().counters().unwrap();
    let root = tree(&[
        (
            "cpu/c/cpu.stat",
            "nr_periods 5\nnr_throttled 3\nthrottled_time 9000\n",
        ),
        ("cpuacct/c/cpuacct.usage", "70000\n"),
        ("memory/c/memory.failcnt", "4\n"),
        (
            "memory/c/memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        ),
    ]);
    let name = CgroupName::Folder(root.path().join("cpu/c"));
    let cgroup = Cgroup::find(&name, None).unwrap();
    let v1 = cgroup.counters().unwrap();
    assert_eq!(v1, v2);
    assert_eq!(
        (v1.usage_nsec, v1.throttled_nsec),
        (Some(70_000), Some(9000))
    );
    assert_eq!((v1.memory_max, v1.oom_kill), (Some(4), Some(2)));
    std::fs::write(
        root.path().join("cpu/c/cpu.stat"),
        "nr_periods 7\nnr_throttled 3",
    )
    .unwrap();
    let more = cgroup.counters().unwrap().since(&v1).unwrap();
    assert_eq!((more.nr_periods, more.nr_throttled), (Some(2), Some(0)));
    assert_eq!(more.throttled_nsec, None);
    // A cgroup that lies, and one that is gone.
    std::fs::write(
        root.path().join("cpu/c/cpu.stat"),
        "nr_periods 1\nnr_throttled x",
    )
    .unwrap();
    assert_eq!(cgroup.counters().unwrap().since(&v1), None);
    std::fs::remove_dir_all(root.path()).unwrap();
    assert_eq!(cgroup.counters().unwrap(), Counters::default());
}
