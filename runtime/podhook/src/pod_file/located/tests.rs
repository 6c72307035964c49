//! What may be in a file, and what a file may not do.

use super::*;
use serde_json::json;

fn value(text: &str) -> Value {
    read(text.as_bytes()).unwrap().to_value()
}

fn refused(text: &str) -> String {
    read(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn yaml_and_json_are_read_alike() {
    let yaml = "a: 1\nb: [x, 'on', on]\nc:\n  d: |\n    text\n";
    let json = "{\"a\": 1,\n\t\"b\": [\"x\", \"on\", true], \"c\": {\"d\": \"text\\n\"}}\n";
    assert_eq!(value(yaml), value(json));
    assert_eq!(value("{a: 1, b: [c]}"), json!({"a": 1, "b": ["c"]}));
    assert_eq!(value("\u{feff}a: 1\n"), json!({"a": 1}));
    assert_eq!(value("a: 1\r\nb: 2\r\n"), json!({"a": 1, "b": 2}));
}

#[test]
fn all_of_json_is_read() {
    let text = r#"{"x": [[1], {"y": 2}], "\ud83d\ude00\/": "\u00e9\"\\", "n": -1.5e3, "l": [], "o": {}, "t": null}"#;
    let same: Value = serde_json::from_str(text).unwrap();
    assert_eq!(value(text), same);
    let key = "k".repeat(5000);
    assert_eq!(value(&format!("{{\"{key}\":\n1}}")), json!({key: 1}));
    for cut in 0..text.len() {
        if let Some(cut) = text.get(..cut) {
            assert!(read(cut.as_bytes()).is_err(), "{cut}");
        }
    }
}

#[test]
fn lines_are_those_of_the_nearest_that_is_written() {
    let yaml = "apiVersion: v1\nspec:\n  containers:\n  - name: a\n  - name: b\n    lifecycle:\n      preStop:\n        httpGet: {port: 80}\n";
    let json = "{\n\"spec\":\n{\"containers\": [\n{\"name\": \"a\"},\n{\n\"lifecycle\": {\n\"preStop\": {\n\"httpGet\": {\"port\": 80}}}}]}}";
    for text in [yaml, json] {
        let root = read(text.as_bytes()).unwrap();
        let table = [
            ("spec", 2),
            ("spec.containers[0]", 4),
            ("spec.containers[1]", 5),
            ("spec.containers[1].lifecycle", 6),
            ("spec.containers[1].lifecycle.preStop.httpGet.port", 8),
            ("spec.containers[1].lifecycle.preStop.sleep.seconds", 7),
        ];
        for (field, line) in table {
            assert_eq!(root.line_of(field), line, "{field} in {text}");
        }
        assert_eq!(root.line_of("metadata.name"), 1);
    }
}

#[test]
fn aliases_and_merge_keys_are_written_out() {
    let text = "base: &b {x: 1, y: 2}\nmore: {<<: *b, z: 3, 'y': 4}\nlist: [*b, *b]\n";
    let base = json!({"x": 1, "true": 2});
    assert_eq!(
        value(text),
        json!({"base": base, "more": {"x": 1, "true": 2, "z": 3, "y": 4}, "list": [base, base]})
    );
    let chained = "a: &a {x: 1}\nb: &b {x: 2, w: 3}\nc:\n  <<: [*a, *b]\n";
    let chained = value(chained);
    assert_eq!(chained["c"], json!({"x": 1, "w": 3}));
    assert!(refused("a: {<<: 1}").contains("<< takes a mapping"));
}

#[test]
fn a_document_is_one_and_says_something() {
    assert_eq!(value("---\na: 1\n---\n...\n"), json!({"a": 1}));
    assert_eq!(value("---\n# nothing\n---\na: 1\n"), json!({"a": 1}));
    assert_eq!(
        refused("a: 1\n---\nb: 2\n"),
        "line 3: a second document begins; one is read"
    );
    for empty in ["", "\n\n", "# nothing\n", "---\n", "---\n---\n", "~"] {
        assert_eq!(refused(empty), "empty: nothing in it", "{empty:?}");
    }
}

#[test]
fn keys_are_text_and_differ() {
    assert_eq!(value("1: a\non: b"), json!({"1": "a", "true": "b"}));
    assert_eq!(
        refused("a: 1\nb: 2\na: 3"),
        "line 3: key \"a\" is there twice"
    );
    assert_eq!(
        refused("{\"a\": 1,\n\"a\": 3}"),
        "line 2: key \"a\" is there twice"
    );
    assert_eq!(refused("[a]: 1"), "line 1: a key that is no text");
    assert_eq!(refused("~: 1"), "line 1: a key that is no text");
}

#[test]
fn bombs_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(
        refused(&bomb).contains("more than 200000 values"),
        "{}",
        refused(&bomb)
    );
    let long = "x".repeat(1 << 20);
    let text = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 100].join(", "));
    assert!(refused(&text).contains("more than 200000 values"));
    assert!(refused("a: &a [*a]").contains("part of"));
    let nested = "&a [".repeat(60) + &"x, ".repeat(100_000) + &"]".repeat(60);
    assert!(refused(&nested).contains("more than 200000 values"));
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{a: ", "}"), ("- ", "")] {
        let deep = open.repeat(65) + "1" + &close.repeat(65);
        let fault = refused(&deep);
        assert!(
            fault.ends_with("nested deeper than 64 levels"),
            "{open}: {fault}"
        );
        let deepest = open.repeat(64) + "1" + &close.repeat(64);
        assert!(read(deepest.as_bytes()).is_ok(), "{open}");
    }
    let aliased = format!("a: &a {}1{}\nb: [*a]", "[".repeat(63), "]".repeat(63));
    assert!(refused(&aliased).contains("nested deeper"));
}

#[test]
fn what_is_no_text_is_refused() {
    assert_eq!(
        read(b"a: 1\n\xff\xfe").unwrap_err().to_string(),
        "line 2: not UTF-8 text"
    );
    assert!(refused("a: 1\n\0b").starts_with("line 2: control characters"));
    let large = vec![b' '; MAX_BYTES + 1];
    assert_eq!(read(&large).unwrap_err().to_string(), "larger than 4 MiB");
    assert!(refused("a: b: c").starts_with("line 1: not YAML: "));
    assert!(refused("a: !secret x").contains("not known"));
    assert!(refused("a: !mine [x]").contains("not known"));
    assert_eq!(
        value("a: !!str 80\nb: !!seq [x]\nc: ! 80"),
        json!({"a": "80", "b": ["x"], "c": "80"})
    );
}
