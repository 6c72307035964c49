//! Rows that are right and come at another time.

use super::{delayed, disagreements, each_is_found, finds, forgives};
use serde_json::{Value, json};

#[test]
fn rows_that_come_at_other_times_are_found() {
    let rules = "the rows before it";
    each_is_found(&[
        // A hook starts, ends, and what follows from that.
        ("s03b_", "/processes/1/t", json!(1.6), rules),
        ("s05_", "/processes/2/t", json!(1.6), rules),
        ("s03b_", "/processes/2/t", json!(4.5), rules),
        ("s03b_", "/processes/2/t", json!(3.6), rules),
        ("s03b_", "/processes/3/t", json!(4.5), rules),
        ("s03b_", "/processes/3/t", json!(3.6), rules),
        ("s05_", "/events/3/t", json!(1.7), rules),
        ("s05_", "/events/1/t", json!(0.5), rules),
        // Killed by another timeout than the kubelet's StopContainer had.
        ("s03b_", "/processes/4/t", json!(9.108), rules),
        ("s03b_", "/processes/4/t", json!(7.108), rules),
    ]);
    let killing = "Stopping container main spec.containers{main} at";
    // What the kubelet was told to do it does at once.
    finds("s05_", killing, delayed(1.06, 0.5));
    // What it polls for, and its own start, may take a second.
    forgives("s13c_", delayed(4.169, 1.2));
    finds("s13c_", killing, delayed(4.169, 1.4));
    forgives("r1_", delayed(7.39, -1.5));
    finds("r1_", killing, delayed(7.39, -1.7));
    // A whole life later, or earlier, than its first row.
    finds("s05_", "Container created", delayed(-1.0, 1.4));
    finds("s05_", "Container created", delayed(-1.0, -1.7));
    // Sooner than a kubelet that was late is fine, a little.
    forgives("s05_", delayed(1.06, -0.9));
    forgives("s05_", delayed(1.06, 0.3));
}

#[test]
fn another_back_off_is_found() {
    // Of 10 s, and of 160 s; the recordings' are 11.6 s and 84.7 s.
    finds("s02a_", "main restart 2 9.2 s", delayed(13.2, -2.3));
    finds("s02a_", "main restart 2 26.5 s", delayed(13.2, 15.0));
    finds("s02a_", "main restart 5 78.7 s", delayed(169.2, -6.0));
    finds("s02a_", "main restart 5 96.7 s", delayed(169.2, 12.0));
    finds("s02a_", "Container created", delayed(1.37, 1.4));
    forgives("s02a_", delayed(169.2, -4.0));
    forgives("s02a_", delayed(13.2, 14.0));
}

/// A container that ends as soon as it started, over and over, `gaps` after its ends.
fn looping(gaps: &[f64]) -> Value {
    let mut t = 0.0;
    let mut events = Vec::new();
    let mut processes = Vec::new();
    for gap in gaps {
        t += gap;
        events.push(json!({
            "t": t, "type": "Normal", "reason": "Created", "message": "Container created",
            "fieldPath": "spec.containers{c}",
        }));
        processes.push(json!({"t": t, "container": "c", "what": "start"}));
        processes.push(json!({"t": t, "container": "c", "what": "exit", "code": 1}));
    }
    json!({"events": events, "processes": processes, "statuses": []})
}

/// No recording is that long.
#[test]
fn back_off_ends_at_five_minutes() {
    let kubelet = [0.0, 0.5, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0];
    let recording = json!({"expect": looping(&kubelet)});
    let with_last = |gap| {
        let mut gaps = kubelet;
        gaps[8] = gap;
        disagreements(&recording, &looping(&gaps))
    };
    assert_eq!(with_last(300.0), [""; 0]);
    assert_eq!(with_last(315.0), [""; 0]);
    for gap in [299.0, 317.0, 600.0] {
        assert!(!with_last(gap).is_empty(), "{gap}");
    }
}

/// Where a second container starts depends on where the first one was.
#[test]
fn containers_are_off_together() {
    let second = |by: f64| {
        move |life: &mut Value| {
            for place in ["/events/2/t", "/events/3/t", "/processes/1/t"] {
                let t = life.pointer_mut(place).unwrap();
                *t = json!(t.as_f64().unwrap() + by);
            }
        }
    };
    forgives("s10f_", second(0.9));
    finds("s10f_", "Container created", second(1.4));
    forgives("s10f_", |life| {
        delayed(-1.0, 0.9)(life);
        second(0.9)(life);
    });
    finds("s10f_", "Container created", |life| {
        delayed(-1.0, -1.2)(life);
        second(1.6)(life);
    });
}
