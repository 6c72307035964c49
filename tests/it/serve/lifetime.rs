//! How a server ends, and starts again.

use super::{Serving, clients, hooks};
use rustix::process::Signal;

#[test]
fn told_to_stop_it_lets_hooks_end() {
    let mut serving = Serving::start(&["--timeout", "1s"]);
    let mut slow = serving.connect();
    clients::send(&mut slow, "/v1/hooks/sleep/preStop");
    while serving.metric("podhook_running") < 1.0 {}
    let idle = serving.connect();
    serving.signal(Signal::TERM);
    serving.until("stopping");
    // The hook has its time, and its client the answer.
    assert_eq!(clients::read(&mut slow), b"HTTP/1.1 ");
    let line = serving.until("invocation");
    assert_eq!(line["resource"], "time");
    assert!(line["durationSeconds"].as_f64().unwrap() >= 1.0, "{line}");
    let (status, _) = serving.ended();
    assert_eq!(status, Some(0));
    drop(idle);
}

#[test]
fn told_twice_it_ends_hooks_too() {
    let mut serving = Serving::start(&["--timeout", "0"]);
    let mut slow = serving.connect();
    clients::send(&mut slow, "/v1/hooks/spin/preStop");
    while serving.metric("podhook_running") < 1.0 {}
    serving.signal(Signal::TERM);
    serving.until("stopping");
    serving.signal(Signal::TERM);
    assert_eq!(serving.until("invocation")["outcome"], "Cancelled");
    let (status, _) = serving.ended();
    assert_eq!(status, Some(0));
}

#[test]
fn killed_in_the_middle_it_leaves_nothing_in_the_way() {
    let state = tempfile::tempdir().unwrap();
    let options = ["--timeout", "0"];
    let serving = Serving::in_folder(hooks(), "127.0.0.1:0", &options);
    let address = serving.address.to_string();
    let mut clients: Vec<_> = (0..8).map(|_| serving.connect()).collect();
    for client in &mut clients {
        clients::send(client, "/v1/hooks/sleep/preStop");
    }
    while serving.metric("podhook_running") < 8.0 {}
    serving.signal(Signal::KILL);
    assert_eq!(serving.ended().0, None);
    let again = Serving::in_folder(hooks(), &address, &options);
    assert_eq!(again.get("/v1/hooks/noop/preStop").status, 204);
    again.stop();
    drop(state);
}

/// Its log is a pipe that nobody empties.
#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let options = ["--max-output", "1Mi", "--timeout", "200ms"];
    let serving = Serving::start(&options);
    let before = super::resident(serving.child.id());
    for _ in 0..40 {
        serving.get("/v1/hooks/flood/preStop");
    }
    let grown = super::resident(serving.child.id()).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown}");
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended_unread(), Some(0));
}
