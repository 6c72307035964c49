//! Small modules in text, each with one way to end; a test per guest, named as it.

use crate::podhook::{Expected, ends, exhausts, expect, podhook, succeeds};
use podhook_test_guests::wat;

/// Ends at its deadline, and not much later.
fn misses_its_deadline(module: &str) {
    let report = exhausts("time", 124, &["--timeout", "200ms", module]);
    assert_eq!(report["reason"], "DeadlineExceeded");
    assert_eq!(report["limits"]["timeoutSeconds"], 0.2);
    let took = report["durationSeconds"].as_f64().unwrap();
    assert!(took >= 0.2, "{took}");
}

fn is_oom_killed(arguments: &[&str]) {
    let report = exhausts("memory", 137, arguments);
    assert_eq!(report["reason"], "OOMKilled");
    assert_eq!(report["usage"]["memory"]["events"]["oom_kill"], 1);
    let peak = report["usage"]["memory"]["peak"].as_u64().unwrap();
    let max = report["limits"]["memory"]["max"].as_u64().unwrap();
    assert!(peak <= max, "{peak} over {max}");
}

fn is_refused(message: &str, module: &str) {
    let report = ends("Refused", 65, message, &[module]);
    assert_eq!(report["reason"], "InvalidModule");
    assert!(
        report["module"]["digest"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
}

#[test]
pub(crate) fn spin() {
    misses_its_deadline(wat::SPIN);
    let report = exhausts("fuel", 152, &["--fuel", "1000000", wat::SPIN]);
    assert_eq!(report["usage"]["fuel"]["consumed"], 1_000_000);
}

#[test]
pub(crate) fn start_spin() {
    misses_its_deadline(wat::START_SPIN);
    exhausts("fuel", 152, &["--fuel", "1000", wat::START_SPIN]);
}

#[test]
pub(crate) fn start_faults() {
    ends("Trapped", 134, "out of bounds", &[wat::START_FAULTS]);
}

#[test]
pub(crate) fn sleep() {
    misses_its_deadline(wat::SLEEP);
}

#[test]
pub(crate) fn busy_poll() {
    misses_its_deadline(wat::BUSY_POLL);
}

#[test]
pub(crate) fn unreachable() {
    let report = ends("Trapped", 134, "unreachable", &[wat::UNREACHABLE]);
    assert_eq!(report["guestExitCode"], serde_json::Value::Null);
}

#[test]
pub(crate) fn exit_with_code() {
    let report = ends("Failed", 42, "exit status 42", &[wat::EXIT_WITH_CODE]);
    assert_eq!(report["guestExitCode"], 42);
}

#[test]
pub(crate) fn deep() {
    ends("Trapped", 134, "call stack exhausted", &[wat::DEEP]);
}

#[test]
pub(crate) fn grow() {
    is_oom_killed(&["--memory", "16Mi", wat::GROW]);
    is_oom_killed(&[wat::GROW]);
}

#[test]
pub(crate) fn grow_table() {
    is_oom_killed(&["--memory", "1Mi", wat::GROW_TABLE]);
}

#[test]
pub(crate) fn needs_256_mib() {
    is_oom_killed(&[wat::NEEDS_256_MIB]);
    let report = succeeds(&["--memory", "257Mi", wat::NEEDS_256_MIB]);
    // The instance takes something too.
    let peak = report["usage"]["memory"]["peak"].as_u64().unwrap();
    assert_eq!(peak, (256 << 20) + (32 << 10));
}

#[test]
pub(crate) fn composed() {
    succeeds(&[wat::COMPOSED]);
}

#[test]
pub(crate) fn two_memories() {
    is_refused("too many memories; the most is 1", wat::TWO_MEMORIES);
}

#[test]
pub(crate) fn three_memories() {
    is_oom_killed(&[wat::THREE_MEMORIES]);
    succeeds(&["--memory", "145Mi", wat::THREE_MEMORIES]);
}

#[test]
pub(crate) fn random_flood() {
    exhausts("random", 153, &[wat::RANDOM_FLOOD]);
    exhausts("random", 153, &["--max-random", "8Ki", wat::RANDOM_FLOOD]);
}

#[test]
pub(crate) fn random_beyond() {
    ends("Trapped", 134, "out of bounds", &[wat::RANDOM_BEYOND]);
}

#[test]
pub(crate) fn output_flood() {
    let report = succeeds(&[wat::OUTPUT_FLOOD]);
    let kept = report["stdout"].as_str().unwrap();
    assert_eq!(kept.len(), 64 << 10);
    assert!(kept.ends_with("the end of it  ."));
    assert_eq!(
        report["truncatedBytes"]["stdout"],
        (1 << 20) + 16 - (64 << 10)
    );
    let text = podhook(["run", wat::OUTPUT_FLOOD]);
    assert_eq!(text.status, 0);
    assert_eq!(text.stdout.len(), 64 << 10);
    assert!(text.stdout.ends_with("the end of it  ."));
    assert!(
        text.stderr.contains("bytes of stdout left out"),
        "{}",
        text.stderr
    );
}

#[test]
pub(crate) fn unknown_import() {
    is_refused("env::mystery", wat::UNKNOWN_IMPORT);
}

#[test]
pub(crate) fn unknown_interface() {
    is_refused("acme:secrets/vault", wat::UNKNOWN_INTERFACE);
}

#[test]
pub(crate) fn library() {
    is_refused("exports memory, post-start", wat::LIBRARY);
}

#[test]
pub(crate) fn empty_component() {
    is_refused("exports nothing", wat::EMPTY_COMPONENT);
}

#[test]
pub(crate) fn start_with_parameter() {
    is_refused("_start", wat::START_WITH_PARAMETER);
}

#[test]
pub(crate) fn shared_memory() {
    is_refused("threads", wat::SHARED_MEMORY);
}

#[test]
fn a_deadline_of_zero_is_none() {
    let expected = Expected {
        status: 152,
        outcome: "Exhausted",
        resource: Some("fuel"),
        reason: None,
        message: "",
    };
    let arguments = ["--timeout", "0", "--fuel", "50000", wat::SPIN];
    let report = expect(&arguments, &expected);
    assert_eq!(report["limits"]["timeoutSeconds"], serde_json::Value::Null);
}

#[test]
pub(crate) fn touch() {
    is_oom_killed(&["--memory", "8Mi", wat::TOUCH]);
}
