//! What the configuration file says, and reading it again.

use super::{Serving, hooks};
use rustix::process::Signal;
use std::fs;

const TOKEN: &str = "X-Podhook-Token: s3cret\r\n";

#[test]
fn hooks_have_their_own_grants_and_limits() {
    let folder = hooks();
    let config = folder.path().join("serve.yaml");
    let text = "defaults: {timeout: 100ms}\nhooks:\n  asks:\n    timeout: 10s\n    config: {color: red}\n    args: [config, color]\n";
    fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap().to_owned();
    let mut serving = Serving::in_folder(folder, "127.0.0.1:0", &["--config", &config]);
    assert_eq!(serving.get("/v1/hooks/asks/preStop").status, 204);
    assert_eq!(serving.until("invocation")["stdout"], "Some(\"red\")\n");
    assert!(serving.get("/v1/hooks/sleep/preStop").broke_off());
    assert_eq!(serving.until("invocation")["resource"], "time");
    serving.stop();
}

#[test]
fn without_the_token_nothing_runs() {
    let folder = hooks();
    let (config, token) = (
        folder.path().join("serve.yaml"),
        folder.path().join("token"),
    );
    fs::write(&token, "s3cret\n").unwrap();
    fs::write(&config, format!("token: {{file: {}}}", token.display())).unwrap();
    let config = config.to_str().unwrap().to_owned();
    let serving = Serving::in_folder(folder, "127.0.0.1:0", &["--config", &config]);
    let path = "/v1/hooks/noop/preStop";
    assert!(serving.get(path).broke_off());
    for wrong in ["s3cre", "s3cret2", "S3cret", ""] {
        let field = format!("X-Podhook-Token: {wrong}\r\n");
        assert!(serving.get_with(path, &field).broke_off(), "{wrong}");
    }
    assert_eq!(serving.get_with(path, TOKEN).status, 204);
    assert_eq!(serving.get("/healthz").status, 200);
    assert_eq!(
        serving.metric(r#"podhook_turned_away_total{reason="Unauthorized"}"#),
        5.0
    );
    serving.stop();
}

#[test]
fn a_bad_configuration_leaves_the_one_before() {
    let folder = hooks();
    let config = folder.path().join("serve.yaml");
    let write = |text: &str| fs::write(&config, text).unwrap();
    write("hooks: {asks: {config: {k: one}, args: [config, k]}}");
    let name = config.to_str().unwrap().to_owned();
    let mut serving = Serving::in_folder(folder, "127.0.0.1:0", &["--config", &name]);
    let says = |serving: &mut Serving, expected: &str| {
        assert_eq!(serving.get("/v1/hooks/asks/preStop").status, 204);
        let said = serving.until("invocation")["stdout"].clone();
        assert_eq!(said, format!("Some(\"{expected}\")\n"));
    };
    says(&mut serving, "one");
    write("hooks:\n  asks:\n    timeout: soon\n");
    serving.signal(Signal::HUP);
    let line = serving.until("the configuration stays as it was");
    let why = line["why"].as_str().unwrap();
    assert!(
        why.contains("line 3: hooks.asks.timeout: invalid value 'soon'"),
        "{why}"
    );
    says(&mut serving, "one");
    write("hooks: {asks: {config: {k: two}, args: [config, k]}}");
    serving.signal(Signal::HUP);
    serving.until("reloaded");
    says(&mut serving, "two");
    serving.stop();
}

#[test]
fn what_a_hook_keeps_outlives_a_reload() {
    let folder = hooks();
    let config = folder.path().join("serve.yaml");
    let write =
        |args: &str| fs::write(&config, format!("hooks: {{asks: {{args: {args}}}}}")).unwrap();
    write("[state, set, k, v]");
    let name = config.to_str().unwrap().to_owned();
    let mut serving = Serving::in_folder(folder, "127.0.0.1:0", &["--config", &name]);
    serving.get("/v1/hooks/asks/preStop");
    serving.until("invocation");
    write("[state, get, k]");
    serving.signal(Signal::HUP);
    serving.until("reloaded");
    serving.get("/v1/hooks/asks/preStop");
    assert_eq!(serving.until("invocation")["stdout"], "Ok(Some(\"v\"))\n");
    serving.stop();
}

#[test]
fn running_hooks_go_on_over_a_reload() {
    let mut serving = Serving::start(&["--timeout", "1s"]);
    let mut slow = serving.connect();
    super::clients::send(&mut slow, "/v1/hooks/sleep/preStop");
    while serving.metric("podhook_running") < 1.0 {}
    serving.signal(Signal::HUP);
    serving.until("reloaded");
    assert_eq!(serving.metric("podhook_running"), 1.0);
    assert_eq!(
        super::clients::read(&mut slow),
        b"HTTP/1.1 ",
        "its deadline, not the reload"
    );
    serving.stop();
}
