//! Whoever floods, blocks or goes away: the pod's clock goes on, and its end comes.

use super::{PodFile, UNTIL_TERM, events, exec, hooked, processes, rows, sh};
use crate::podhook::{skipped, watchdog};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

/// More lines than anybody could print: some are, the rest is counted, and the deletion
/// comes when it should.
#[test]
fn a_flood_of_output_stops_nothing() {
    let flood = sh("exec timeout 10 yes");
    let pod = PodFile::new(&json!({"restartPolicy": "Never", "containers": [flood]}));
    let done = pod.run(&["--delete-after", "1s"]);
    assert_eq!((done.status, &*done.stderr), (0, ""));
    // Of a flood that is waited for until it ends by itself it is 124.
    for word in [
        "Output   c                        y\n",
        " lines left out]",
        "Killing: Stopping container c",
        "Process  c                        exits 143",
    ] {
        assert!(done.stdout.contains(word), "no {word}");
    }
}

/// A reader that does not read holds neither the pod nor the signals.
#[test]
fn a_reader_that_does_not_read_stops_nothing() {
    let pod = PodFile::of(&sh("seq 100000; exec sleep 1000"));
    let mut podhook = pod.command(&["--delete-after", "500ms"]).spawn().unwrap();
    let watchdog = watchdog(&podhook);
    let mut stdout = BufReader::new(podhook.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("Output") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0);
    }
    // Nothing is read any more, and three signals end it all the same.
    for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
        let _ = kill_process(Pid::from_child(&podhook), signal);
    }
    let status = podhook.wait().unwrap().code();
    assert!(matches!(status, Some(129 | 130 | 143)), "{status:?}");
    watchdog.join().unwrap();
}

/// As of any program in a pipe.
#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let pod = PodFile::of(&sh("while :; do echo still here; sleep 0.1; done"));
    let mut podhook = pod.command(&[]).spawn().unwrap();
    let watchdog = watchdog(&podhook);
    let mut first = [0; 64];
    let mut stdout = podhook.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    assert_eq!(podhook.wait().unwrap().code(), Some(141));
    watchdog.join().unwrap();
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let pod = PodFile::of(&sh("exec sleep 1000"));
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = pod.command(&[]);
    let done = crate::podhook::finish(command.stdout(Stdio::from(full)));
    assert_eq!(done.status, 70);
    assert!(
        done.stderr
            .contains("error: stdout: No space left on device"),
        "{done:#?}"
    );
}

#[test]
fn a_grace_beyond_all_clocks_is_one() {
    let spec = json!({
        "terminationGracePeriodSeconds": i64::MAX,
        "containers": [hooked(UNTIL_TERM, &json!({"preStop": exec(&["true"])}))],
    });
    let seen = PodFile::new(&spec).played(&["--native-exec", "--until", "running"]);
    assert_eq!(processes(&seen).last().unwrap(), "c exit 143");
}

/// A probe that cannot be asked says nothing of its container.
#[test]
fn a_probe_that_cannot_be_asked_kills_nobody() {
    let mut container = sh("exec sleep 1000");
    container["livenessProbe"] = json!({
        "exec": {"command": ["/nope"]}, "failureThreshold": 1, "periodSeconds": 1,
    });
    let seen = PodFile::of(&container).played(&["--delete-after", "1500ms"]);
    let events = events(&seen);
    assert!(events[2].starts_with("Unhealthy: Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container: "), "{events:?}");
    assert!(
        events
            .iter()
            .all(|event| !event.contains("will be restarted")),
        "{events:?}"
    );
}

/// A link that a container made leads nobody out of the volume, and a container whose
/// volume cannot be mounted is not started without.
#[test]
fn a_volume_s_links_stay_in_it() {
    if !rustix::process::geteuid().is_root() {
        return skipped("volumes are not mounted here");
    }
    let foreign = tempfile::tempdir().unwrap();
    let link = format!("ln -s {} /v/s", foreign.path().display());
    let mount = |mount: Value| json!([mount]);
    let mut main = sh("touch /data/pwned; exec sleep 1000");
    main["volumeMounts"] = mount(json!({"name": "v", "mountPath": "/data", "subPath": "s"}));
    let spec = json!({
        "volumes": [{"name": "v", "emptyDir": {}}],
        "initContainers": [{
            "name": "init", "image": "i", "command": ["sh", "-c", link],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        }],
        "containers": [main],
    });
    let seen = PodFile::new(&spec).played(&["--until", "running"]);
    let last = events(&seen)
        .into_iter()
        .find(|event| event.starts_with("Failed: "));
    assert!(last.unwrap().contains("cross-device link"), "{seen:#}");
    assert_eq!(fs::read_dir(foreign.path()).unwrap().count(), 0);
    assert!(!Path::new("/data").exists());
}

#[test]
fn a_volume_is_read_only_where_it_says_so() {
    if !rustix::process::geteuid().is_root() {
        return skipped("volumes are not mounted here");
    }
    let mut main = hooked(
        UNTIL_TERM,
        &json!({"postStart": exec(&["sh", "-c", "touch /w/x && touch /r/x"])}),
    );
    main["volumeMounts"] = json!([
        {"name": "v", "mountPath": "/w"},
        {"name": "v", "mountPath": "/r", "readOnly": true},
    ]);
    let spec = json!({"volumes": [{"name": "v", "emptyDir": {}}], "containers": [main]});
    let seen = PodFile::new(&spec).played(&["--native-exec", "--until", "running"]);
    let stderr = rows(&seen, "reports")[0]["stderr"].as_str().unwrap();
    assert!(
        stderr.contains("/r/x") && stderr.contains("Read-only file system"),
        "{stderr}"
    );
}

#[test]
fn a_place_that_cannot_be_is_refused() {
    for (mount, words) in [
        (
            json!({"name": "v", "mountPath": ""}),
            "volumeMounts[0].mountPath: Required value",
        ),
        (
            json!({"name": "v", "mountPath": "/x", "subPath": "../x"}),
            "volumeMounts[0].subPath: Invalid value: \"../x\": must not contain '..'",
        ),
    ] {
        let mut container = sh("true");
        container["volumeMounts"] = json!([mount]);
        let done = PodFile::of(&container).run(&[]);
        assert_eq!(done.status, 65);
        assert!(done.stderr.contains(words), "{done:#?}");
    }
}
