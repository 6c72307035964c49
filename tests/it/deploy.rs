//! The manifests of `examples/deploy`: a cluster would take them, and the adapters take
//! what they say.

use crate::adapter::{adapter, compiled};
use crate::podhook::{command, finish, podhook, repository};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    repository().join("examples/deploy").join(name)
}

/// Fields of the API and no others, and rules of the API server for hooks.
#[test]
fn every_pod_is_one_that_a_cluster_takes() {
    let mut seen = 0;
    for entry in fs::read_dir(file("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let checked = podhook(["pod", "check", "-o", "json", path.to_str().unwrap()]);
        assert_eq!(checked.status, 0, "{checked:#?}");
        let found = checked.report();
        assert_eq!(found["errors"], Value::Array(Vec::new()), "{found:#}");
        let page = fs::read_to_string(&path).unwrap();
        let says = page.starts_with('#') && page.contains("What the kubelet does with a failure");
        assert!(says, "{path:?}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}

/// The words of the exec handler, as the manifest has them.
#[test]
fn the_adapter_understands_its_line() {
    let page = fs::read_to_string(file("exec-image-volume.yaml")).unwrap();
    let lines = page
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "- /hooks/podhook-exec");
    let words = lines.skip(1).map_while(|line| line.strip_prefix("- "));
    let words: Vec<&str> = words.collect();
    assert!(words.contains(&"--timeout=20s") && words.ends_with(&["/hooks/http_drain.cwasm"]));
    let example = repository().join("examples/http-drain");
    let hook = compiled(example.to_str().unwrap(), &[]);
    let (_, options) = words.split_last().unwrap();
    let ran = finish(&mut adapter(&[options, &[&hook, "-o", "json"]].concat()));
    let report = ran.report();
    // There is no application: that is the hook's own word.
    assert_eq!(report["outcome"], "Failed", "{report:#}");
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .contains("http://127.0.0.1:8080/drain")
    );
}

#[test]
fn the_sidecar_takes_its_configuration() {
    let text = fs::read(file("serve-config.json")).unwrap();
    let map: ConfigMap = serde_json::from_slice(&text).unwrap();
    let known = serde_json::to_value(&map).unwrap();
    assert_eq!(
        known,
        serde_json::from_slice::<Value>(&text).unwrap(),
        "nothing is left out"
    );
    let config = map.data.unwrap().remove("serve.yaml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.yaml");
    fs::write(&path, config).unwrap();
    let serve = |token: Option<&str>| {
        let mut command = command();
        command.args(["serve", "--listen", "192.0.2.1:1", "--hooks"]);
        command.arg(folder.path()).arg("--config").arg(&path);
        finish(command.envs(token.map(|token| ("HOOKS_TOKEN", token))))
    };
    // An address that this machine does not have: it comes after the configuration.
    let taken = serve(Some("t"));
    assert_eq!(taken.status, 69, "{taken:#?}");
    let without = serve(None);
    assert_eq!(without.status, 78, "{without:#?}");
    assert!(
        without.stderr.contains("token.env: no such variable"),
        "{without:#?}"
    );
}
