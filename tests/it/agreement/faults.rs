//! The judge, judged: a recording agrees with itself, and with none of its faults.

mod times;

use super::disagreements;
use crate::recordings::{named, read, recordings};
use serde_json::{Value, json};

/// What the judge says of a recording's own life after `spoil`.
fn said(recording: &str, spoil: impl FnOnce(&mut Value)) -> Vec<String> {
    let recording = read(&named(recording));
    let mut life = recording["expect"].clone();
    spoil(&mut life);
    disagreements(&recording, &life)
}

fn finds(recording: &str, words: &str, spoil: impl FnOnce(&mut Value)) {
    let said = said(recording, spoil);
    let found = said.iter().any(|why| why.contains(words));
    assert!(found, "{recording}: no {words:?} in {said:#?}");
}

fn forgives(recording: &str, spoil: impl FnOnce(&mut Value)) {
    let said = said(recording, spoil);
    assert!(said.is_empty(), "{recording}: {said:#?}");
}

/// Each is one value changed: recording, where, to what, and words that tell of it.
fn each_is_found(changes: &[(&str, &str, Value, &str)]) {
    for (recording, place, value, words) in changes {
        finds(recording, words, |life| {
            let old = life.pointer_mut(place).unwrap();
            assert_ne!(old, value, "{recording} {place}: no change");
            *old = value.clone();
        });
    }
}

fn list<'l>(life: &'l mut Value, name: &str) -> &'l mut Vec<Value> {
    life[name].as_array_mut().unwrap()
}

/// Adds a row at the end of a list.
fn with(name: &str, row: Value) -> impl FnOnce(&mut Value) {
    move |life| list(life, name).push(row)
}

/// Moves all that comes at `from` or later.
fn delayed(from: f64, by: f64) -> impl Fn(&mut Value) {
    move |life| {
        for name in ["events", "processes", "statuses"] {
            for row in list(life, name) {
                let t = row["t"].as_f64().unwrap();
                if t >= from {
                    row["t"] = json!(t + by);
                }
            }
        }
    }
}

#[test]
fn every_recording_agrees_with_itself() {
    for path in recordings() {
        let recording = read(&path);
        let said = disagreements(&recording, &recording["expect"]);
        assert!(said.is_empty(), "{}: {said:#?}", path.display());
    }
}

#[test]
fn no_recording_agrees_with_nothing() {
    let nothing = json!({"events": [], "processes": [], "statuses": []});
    for path in recordings() {
        let said = disagreements(&read(&path), &nothing);
        assert!(!said.is_empty(), "{}", path.display());
    }
}

#[test]
fn other_rows_are_found() {
    let other = "main events: want";
    each_is_found(&[
        ("s05_", "/events/2/message", json!("Stopping"), other),
        ("s05_", "/events/2/message", json!(""), other),
        ("s05_", "/events/2/type", json!("Warning"), other),
        ("s05_", "/events/2/reason", json!("Killed"), other),
        ("s05_", "/events/1/fieldPath", Value::Null, other),
        (
            "s05_",
            "/events/1/fieldPath",
            json!("spec.initContainers{main}"),
            other,
        ),
        (
            "s05_",
            "/events/3/message",
            json!("failed"),
            "main preStop event: want",
        ),
        // Two that it swallowed; one of before that it forgot.
        ("s05_", "/events/2/count", json!(3), other),
        (
            "s05_",
            "/events/1/message",
            json!("Container created"),
            other,
        ),
        (
            "s05_",
            "/processes/2/code",
            json!(0),
            "main main/preStop: want",
        ),
        (
            "s05_",
            "/processes/2/what",
            json!("killed"),
            "main main/preStop: want",
        ),
        (
            "s05_",
            "/processes/1/hook",
            json!("main/postStart"),
            "main/postStart: want []",
        ),
        ("s05_", "/processes/4/code", json!(143), "main main: want"),
        (
            "s05_",
            "/processes/4/what",
            json!("killed"),
            "main main: want",
        ),
        (
            "s03b_",
            "/processes/4/what",
            json!("signal TERM"),
            "main main: want",
        ),
        (
            "s36_",
            "/processes/4/what",
            json!("start"),
            "main main/preStop: want",
        ),
        (
            "s05_",
            "/processes/0/container",
            json!("other"),
            "other other: want []",
        ),
    ]);
}

#[test]
fn missing_rows_are_found() {
    for (recording, name) in [
        ("s05_", "events"),
        ("s05_", "processes"),
        ("s05_", "statuses"),
    ] {
        let count = said_rows(recording, name);
        assert!(count > 2, "{name}");
        for index in 0..count {
            finds(recording, "", |life| {
                list(life, name).remove(index);
            });
        }
    }
}

fn said_rows(recording: &str, name: &str) -> usize {
    let recording = read(&named(recording));
    recording["expect"][name].as_array().unwrap().len()
}

#[test]
fn rows_too_many_are_found() {
    for (name, words) in [("events", "main "), ("processes", "main ")] {
        for index in 0..said_rows("s05_", name) {
            finds("s05_", words, |life| {
                let rows = list(life, name);
                rows.insert(index, rows[index].clone());
            });
        }
    }
    let killing = json!({
        "t": 4.5, "type": "Normal", "reason": "Killing", "message": "Stopping container main",
        "fieldPath": "spec.containers{main}", "count": 2,
    });
    // After the recording's end, and looked at all the same.
    finds("s05_", "main events: want", with("events", killing));
}

#[test]
fn rows_in_another_order_are_found() {
    // The hook ends before it begins.
    each_is_found(&[(
        "s05_",
        "/processes/2/t",
        json!(1.0),
        "main main/preStop: want",
    )]);
    finds("s10f_", "starts in another order", |life| {
        let events = list(life, "events");
        events.swap(0, 2);
        events.swap(1, 3);
    });
}

#[test]
fn events_that_repeat_are_found_missing_or_out_of_place() {
    let drop = |reason: &'static str| {
        move |life: &mut Value| list(life, "events").retain(|event| event["reason"] != reason)
    };
    finds("s12b_", "no BackOff event", drop("BackOff"));
    finds(
        "s13c_",
        "no DeadlineExceeded event",
        drop("DeadlineExceeded"),
    );
    each_is_found(&[
        // There is no back-off from the first end.
        ("s12b_", "/events/4/t", json!(3.0), "BackOff at 3"),
        (
            "s12b_",
            "/events/4/message",
            json!("Back-off"),
            "no BackOff event",
        ),
        (
            "s13c_",
            "/events/2/message",
            json!("Late"),
            "unexpected DeadlineExceeded",
        ),
    ]);
    let deadline = read(&named("s13c_"))["expect"]["events"][2].clone();
    finds(
        "s05_",
        "unexpected DeadlineExceeded",
        with("events", deadline),
    );
    // How often is the kubelet's chance.
    forgives("s13c_", |life| {
        list(life, "events").remove(6);
    });
}

#[test]
fn other_statuses_are_found() {
    let main = "/statuses/2/containers/main";
    let order = "not reached in order";
    let of = |field: &str| format!("{main}/{field}");
    each_is_found(&[
        ("s05_", "/statuses/2/phase", json!("Failed"), order),
        ("s05_", &of("state"), json!("waiting"), order),
        ("s05_", &of("reason"), json!("Error"), order),
        ("s05_", &of("exitCode"), json!(143), order),
        ("s05_", &of("exitCode"), Value::Null, order),
        ("s05_", &of("restartCount"), json!(1), order),
        ("s05_", &of("ready"), json!(true), order),
        ("s05_", &of("started"), json!(true), order),
        (
            "s15i_",
            &of("message"),
            json!("Exec lifecycle hook failed"),
            order,
        ),
        (
            "s12b_",
            "/statuses/5/containers/main/reason",
            json!("Error"),
            "CrashLoopBackOff never",
        ),
    ]);
    finds("s12b_", order, |life| list(life, "statuses").swap(2, 3));
    finds("s10f_", order, |life| {
        let containers = life.pointer_mut("/statuses/1/containers").unwrap();
        containers.as_object_mut().unwrap().remove("b");
    });
}

#[test]
fn what_is_shown_too_early_is_found() {
    // The recorded pod was never ready: its hook failed.
    finds("s15i_", "never so by the kubelet", |life| {
        let running = json!({"state": "running", "ready": true, "started": true});
        let status = json!({"t": 0.2, "phase": "Running", "containers": {"main": running}});
        list(life, "statuses").insert(1, status);
    });
    each_is_found(&[(
        "s12b_",
        "/statuses/3/t",
        json!(1.4),
        "s after its start, by the kubelet",
    )]);
    // One that just started again may take its time.
    each_is_found(&[(
        "r1_",
        "/statuses/1/t",
        json!(-1.9),
        "s after its start, by the kubelet",
    )]);
    forgives("r1_", |life| life["statuses"][1]["t"] = json!(-1.7));
}

#[test]
fn another_end_of_the_pod_is_found() {
    each_is_found(&[
        ("s05_", "/statuses/2/t", json!(3.9), "pod over at 3.9"),
        ("s05_", "/statuses/2/t", json!(-2.3), "pod over at -2.3"),
    ]);
    let gone = read(&named("s05_"))["expect"]["statuses"][2].clone();
    finds("s05_", "not reached in order", |life| {
        list(life, "statuses").pop();
    });
    // The recording ends with the object, before the pod was over.
    let mut recording = read(&named("s05_"));
    list(&mut recording["expect"], "statuses").pop();
    let mut life = recording["expect"].clone();
    list(&mut life, "statuses").push(gone);
    let said = disagreements(&recording, &life);
    assert!(
        said.iter().any(|why| why.contains("over at 1.321")),
        "{said:#?}"
    );
}

#[test]
fn another_refusal_is_found() {
    let refused = read(&named("s07c_"));
    let text = refused["expect"]["rejected"][0].as_str().unwrap();
    let agrees = |simulated: &Value| disagreements(&refused, simulated).is_empty();
    assert!(agrees(&json!({"rejected": [text]})));
    assert!(agrees(
        &json!({"rejected": [format!("Pod \"p\" is invalid: {text}")]})
    ));
    assert!(!agrees(&json!({"rejected": [format!("{text}.")]})));
    assert!(!agrees(&json!({"rejected": [text, text]})));
    assert!(!agrees(&json!({"rejected": []})));
    assert!(!agrees(&json!({"rejected": [1]})));
    assert!(!agrees(&json!({})));
    let played = read(&named("s05_"));
    assert!(!agrees(&played["expect"]));
    assert!(!disagreements(&played, &json!({"rejected": [text]})).is_empty());
    finds("s05_", "rejected", |life| life["rejected"] = json!([text]));
}

#[test]
fn what_cannot_be_read_is_found() {
    let unread = "cannot be read";
    for name in ["events", "processes", "statuses"] {
        finds("s05_", unread, |life| life[name] = Value::Null);
        finds("s05_", unread, |life| {
            life.as_object_mut().unwrap().remove(name);
        });
        finds("s05_", unread, |life| {
            list(life, name)[0].as_object_mut().unwrap().remove("t");
        });
    }
    finds("s05_", unread, |life| {
        life["processes"][2]["code"] = Value::Null;
    });
    finds("s05_", unread, |life| {
        life["processes"][0]["container"] = Value::Null;
    });
    finds("s05_", unread, |life| *life = json!("events"));
}

#[test]
fn names_that_differ_each_time_are_none_of_its_business() {
    let renamed = |life: &mut Value| {
        let text = life.to_string();
        let text = text.replace("{pod}", "p_conformance(0f-a1)");
        *life = serde_json::from_str(&text).unwrap();
    };
    forgives("s15i_", renamed);
    finds("s12b_", "no BackOff event", |life| {
        let message = &mut life["events"][4]["message"];
        *message = json!(
            message
                .as_str()
                .unwrap()
                .replace("{pod}", "q_conformance(0f)")
        );
    });
}
