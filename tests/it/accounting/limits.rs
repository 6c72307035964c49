//! `podhook limits`, and limits that are read from cgroups.

use super::*;

fn limits(words: &[&str]) -> Value {
    let seen = podhook([&["limits", "-o", "json"], words].concat());
    assert_eq!(seen.status, 0, "{}", seen.stderr);
    serde_json::from_str(&seen.stdout).unwrap()
}

/// A pod with these resources of its container, and of its own.
fn pod(folder: &TempDir, of_container: &Value, of_pod: &Value) -> String {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "resources": of_pod,
            "containers": [{"name": "c", "image": "i", "resources": of_container}],
        },
    });
    let file = folder.path().join("pod.json");
    fs::write(&file, pod.to_string()).unwrap();
    file.display().to_string()
}

#[test]
fn a_pod_s_limits_are_the_kubelet_s() {
    let folder = tempfile::tempdir().unwrap();
    let both = |cpu: &str| json!({"requests": {"cpu": cpu}, "limits": {"cpu": cpu}});
    let none = json!({});
    let mib = 256_u64 << 20;
    let large = json!({"requests": {"cpu": 1, "memory": "128Mi"}, "limits": {"cpu": "3", "memory": "256Mi"}});
    let of_pod = json!({"limits": {"cpu": 3, "memory": "256Mi"}});
    let table = [
        (both("0m"), &none, json!([2, null, null])),
        (both("5m"), &none, json!([5, 1000, null])),
        (both("9m"), &none, json!([9, 1000, null])),
        (both("10m"), &none, json!([10, 1000, null])),
        (both("200m"), &none, json!([204, 20_000, null])),
        (both("500m"), &none, json!([512, 50_000, null])),
        (both("1000m"), &none, json!([1024, 100_000, null])),
        (both("1500m"), &none, json!([1536, 150_000, null])),
        (large, &none, json!([1024, 300_000, mib])),
        (
            json!({"requests": {"cpu": 2}}),
            &none,
            json!([2048, null, null]),
        ),
        (
            json!({"limits": {"cpu": 2}}),
            &none,
            json!([2048, 200_000, null]),
        ),
        (
            json!({"requests": {"cpu": 1}}),
            &of_pod,
            json!([1024, 300_000, mib]),
        ),
    ];
    for (of_container, of_pod, expected) in table {
        let seen = limits(&["--pod", &pod(&folder, &of_container, of_pod)]);
        let cpu = &seen["cpu"];
        let seen = json!([cpu["shares"], cpu["quota_usec"], seen["memory"]["max"]]);
        assert_eq!(seen, expected, "{of_container}");
    }
}

#[test]
fn scores_are_parts_of_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let quantity = |memory: &str| json!({"cpu": "1", "memory": memory});
    let guaranteed = json!({"limits": quantity("1Gi")});
    let quarter = json!({"requests": {"memory": "1Gi"}});
    for (resources, score) in [(guaranteed, -997), (json!({}), 1000), (quarter, 750)] {
        let file = pod(&folder, &resources, &json!({}));
        let seen = limits(&["--pod", &file, "--node-memory", "4Gi"]);
        assert_eq!(seen["oom_score_adj"], score);
    }
}

#[test]
fn a_limit_s_source_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let resources = json!({"limits": {"cpu": "500m", "memory": "64Mi"}});
    let file = pod(&folder, &resources, &json!({}));
    let seen = limits(&["--pod", &file, "--container", "c"]);
    let path = "spec.containers[0].resources.limits";
    assert_eq!(seen["sources"]["cpu.quota_usec"], format!("{path}.cpu"));
    assert_eq!(seen["sources"]["memory.max"], format!("{path}.memory"));
    assert_eq!(
        (&seen["cpu"]["weight"], &seen["cpu"]["weight_linear"]),
        (&json!(59), &json!(20))
    );
    let text = podhook(["limits", "--pod", &file]).stdout;
    assert!(
        text.contains(&format!("memory.max             67108864  {path}.memory")),
        "{text}"
    );
}

#[test]
fn what_is_asked_for_wrongly_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = pod(&folder, &json!({}), &json!({}));
    let garbage = tree(&[("cgroup.controllers", ""), ("c/memory.max", "lots\n")]);
    let garbage = garbage.path().join("c").display().to_string();
    let table: [(&[&str], i32, &str); 7] = [
        (&[], 2, "say whose"),
        (
            &["--pod", &file, "--container", "x"],
            2,
            "no container \"x\", but c",
        ),
        (
            &["--pod", &file, "--cgroup", "auto"],
            2,
            "cannot be used with",
        ),
        (&["--cgroup", "/no/such/folder"], 66, "no such cgroup"),
        (&["--cgroup", "pid:4194304"], 66, "no such cgroup"),
        (&["--cgroup", "pid:0"], 2, "pid:N"),
        (
            &["--cgroup", &garbage],
            78,
            "memory.max: \"lots\" is not bytes, or max",
        ),
    ];
    for (words, status, text) in table {
        let seen = podhook([&["limits"], words].concat());
        assert_eq!(seen.status, status, "{words:?}: {}", seen.stderr);
        assert!(seen.stderr.contains(text), "{words:?}: {}", seen.stderr);
        assert_eq!(seen.stdout, "");
    }
}

/// A tree that nobody but its files vouches for: podhook keeps the account.
#[test]
fn a_hook_has_the_limits_of_its_cgroup() {
    let root = tree(&[
        ("cgroup.controllers", "cpu memory"),
        ("pod/memory.max", "67108864"),
        ("pod/memory.current", "50331648"),
        ("pod/c/cpu.max", "20000 100000"),
        ("pod/c/memory.max", "max"),
        ("pod/c/cgroup.procs", ""),
    ]);
    let cgroup = root.path().join("pod/c").display().to_string();
    let report = exhausts("memory", 137, &["--cgroup", &cgroup, wat::GROW]);
    assert_eq!(report["limits"]["memory"]["max"], 67_108_864);
    assert_eq!(report["limits"]["cpu"]["quota_usec"], 20_000);
    // 48 MiB are in use by others.
    assert_eq!(number(&report, "/usage/memory/peak") >> 20, 15);
    assert_eq!(
        report["accounting"],
        json!({"cpu": "ledger", "memory": "ledger"})
    );
    let note = report["logs"][0]["message"].as_str().unwrap();
    assert!(note.ends_with("not in a cgroup file system"), "{note}");
    assert_eq!(
        fs::read(root.path().join("pod/c/cgroup.procs")).unwrap(),
        b""
    );
    // What is written wins.
    let words = [
        "--cgroup",
        &cgroup,
        "--memory",
        "1Mi",
        "--cpu",
        "2",
        wat::GROW,
    ];
    let report = exhausts("memory", 137, &words);
    assert_eq!(report["limits"]["memory"]["max"], 1 << 20);
    assert_eq!(report["limits"]["cpu"]["quota_usec"], 200_000);
    assert_eq!(
        number(&report, "/usage/memory/peak"),
        (1 << 20) - (32 << 10)
    );
    let report = succeeds(&["--cgroup", "none", "--phase", "pre-stop", lifecycle::NOOP]);
    assert_eq!(report["limits"]["memory"]["max"], 128 << 20);
}

#[test]
fn a_cgroup_that_cannot_be_read_runs_nothing() {
    let root = tree(&[("cgroup.controllers", ""), ("c/cpu.max", "often")]);
    let cgroup = root.path().join("c").display().to_string();
    let seen = podhook(["run", "-o", "json", "--cgroup", &cgroup, wat::SPIN]);
    assert_eq!((seen.status, seen.stdout.as_str()), (78, ""));
    assert!(
        seen.stderr.contains("\"often\" is not QUOTA|max PERIOD"),
        "{}",
        seen.stderr
    );
    let seen = podhook(["run", "--cgroup-root", "/tmp", wat::SPIN]);
    assert_eq!(seen.status, 2);
    // Without limits there is none, also not podhook's own.
    let root = tree(&[("cgroup.controllers", ""), ("c/memory.max", "max")]);
    let cgroup = root.path().join("c").display().to_string();
    let report = succeeds(&["--cgroup", &cgroup, "--phase", "pre-stop", lifecycle::NOOP]);
    assert_eq!(report["limits"]["memory"]["max"], Value::Null);
    ends(
        "Trapped",
        134,
        "unreachable",
        &["--cgroup", &cgroup, wat::UNREACHABLE],
    );
}
