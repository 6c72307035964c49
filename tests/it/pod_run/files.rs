//! What containers write: where it stays, and who else finds it.

use super::{PodFile, UNTIL_TERM, exec, exists, hooked, report};
use crate::podhook::finish;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Where podhook is root, nothing that a pod writes stays on the machine.
#[test]
fn what_is_written_does_not_stay() {
    let mark = format!("/var/tmp/podhook-test-{}", std::process::id());
    let write = format!("echo x > {mark} && cat {mark}");
    let pod = PodFile::of(&hooked(
        UNTIL_TERM,
        &json!({"postStart": exec(&["sh", "-c", &write])}),
    ));
    let arguments = ["--native-exec", "--until", "running", "-o", "json"];
    let done = finish(&mut pod.command(&arguments));
    assert_eq!(report(&done.report())["stdout"], "x\n");
    let stays = exists(Path::new(&mark));
    if stays {
        fs::remove_file(&mark).unwrap();
        assert!(done.stderr.contains("stays on this machine"), "{done:#?}");
        crate::podhook::skipped("no overlay here: what pods write stays");
    } else {
        assert_eq!(done.stderr, "");
    }
}

/// A volume is the pod's: what an init container leaves, the others find, also where it
/// has to be made, and under a name of their own.
#[test]
fn an_empty_dir_is_shared() {
    let volume = |path: &str| json!([{"name": "work", "mountPath": path, "subPath": "site"}]);
    let init = json!({
        "name": "init", "image": "i", "command": ["sh", "-c", "echo made > /podhook-work/index"],
        "volumeMounts": volume("/podhook-work"),
    });
    let words = [
        "podhook-exec",
        "--dir=/srv/podhook/html::/html",
        "files",
        "--",
        "read",
        "/html/index",
    ];
    let mut main = hooked(UNTIL_TERM, &json!({"postStart": exec(&words)}));
    main["volumeMounts"] = volume("/srv/podhook/html");
    let spec = json!({
        "volumes": [{"name": "work", "emptyDir": {}}],
        "initContainers": [init], "containers": [main],
    });
    let pod = PodFile::new(&spec).with_module("files.wasm", podhook_test_guests::wasip1::FILES);
    let done = pod.run(&["--until", "running", "-o", "json"]);
    if done
        .stderr
        .contains("volumeMounts take effect where podhook is root")
    {
        return crate::podhook::skipped("no overlay here: volumes are not mounted");
    }
    assert_eq!(
        report(&done.report())["stdout"].as_str().unwrap().trim(),
        "made"
    );
    assert!(!exists(Path::new("/podhook-work")) && !exists(Path::new("/srv/podhook")));
}
