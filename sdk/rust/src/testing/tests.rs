use super::*;
use crate::container::{self, Signal};
use crate::http::{self, Request};
use crate::{Context, Error, ErrorKind, Phase, Result, budget, clock, config, events, log, state};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn without_being_told_nothing_is_set_limited_or_granted() {
    let mock = Mock::new();
    assert_eq!(config::get("x"), None);
    assert_eq!(budget::remaining(), None);
    assert_eq!((budget::fuel(), budget::memory()), (None, None));
    assert_eq!(state::get("x"), Ok(None));
    assert_eq!(container::running(), Err(container::Error::Denied));
    let denied = http::get("http://a/b").unwrap_err();
    let hint = r#"the test has no answer to it: Mock::answer("GET http://a/b", …)"#;
    assert_eq!(denied, http::Error::Denied(hint.into()));
    assert_eq!(mock.requests(), [Sent::from(Request::get("http://a/b"))]);
}

#[test]
fn answers_come_in_turn_and_the_last_one_stays() {
    let _mock = Mock::new()
        .answer("GET http://a/", Answer::error(http::Error::Timeout))
        .answer("GET http://a/", 503)
        .answer(
            "GET http://a/",
            Answer::new(200).body("hi").header("x", "y"),
        );
    assert_eq!(http::get("http://a/"), Err(http::Error::Timeout));
    let busy = http::get("http://a/").unwrap().error_for_status();
    assert_eq!(Error::from(busy.unwrap_err()).kind(), ErrorKind::Retryable);
    for _ in 0..2 {
        let answer = http::get("http://a/").unwrap();
        assert_eq!(
            (answer.text().as_ref(), answer.header("X")),
            ("hi", Some("y"))
        );
    }
}

#[test]
fn slow_answers_take_virtual_time_and_time_out() {
    let mock = Mock::new()
        .answer("GET http://slow/", Answer::new(200).after(3 * SECOND))
        .answer("GET http://slower/", Answer::new(200).after(5 * SECOND));
    let hasty = Request::get("http://slow/").timeout(SECOND);
    assert_eq!(hasty.clone().send(), Err(http::Error::Timeout));
    assert_eq!(mock.elapsed(), SECOND);
    let patient = ["http://slow/", "http://slower/"].map(Request::get);
    let answers = http::send_all(patient.into_iter().chain([hasty]));
    assert_eq!(answers[2], Err(http::Error::Timeout));
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert_eq!(mock.elapsed(), 6 * SECOND);
}

#[test]
fn who_has_no_time_left_is_ended() {
    let mock = Mock::new().timeout(2 * SECOND);
    let sleeps = |seconds| {
        mock.call(move || -> Result {
            clock::sleep(seconds * SECOND);
            Ok(())
        })
    };
    assert_eq!(sleeps(1), Ended::Returned(Ok(())));
    assert_eq!(budget::remaining(), Some(SECOND));
    assert_eq!(sleeps(1), Ended::OutOfTime);
    let failed = mock.call(|| Err("no"));
    assert_eq!(failed, Ended::Returned(Err(Error::failed("no"))));
}

#[test]
fn the_main_process_ends_when_it_is_told_or_by_itself() {
    let mock = Mock::new().main_process_heeds(Signal::Quit, 2 * SECOND);
    container::signal(Signal::Hup).unwrap();
    assert_eq!(container::wait_until_stopped(Some(SECOND)), Ok(false));
    container::signal(Signal::Quit).unwrap();
    assert_eq!(container::wait_until_stopped(Some(9 * SECOND)), Ok(true));
    assert_eq!(mock.elapsed(), 3 * SECOND);
    assert_eq!(mock.signals(), [Signal::Hup, Signal::Quit]);
    assert_eq!(
        container::signal(Signal::Term),
        Err(container::Error::NotRunning)
    );
    drop(mock);
    let _mock = Mock::new().main_process(SECOND);
    assert_eq!(container::running(), Ok(true));
    clock::sleep(SECOND);
    assert_eq!(container::running(), Ok(false));
}

#[test]
fn what_is_said_is_kept() {
    let mock = Mock::new().state("left", b"3");
    log::info!(pod = "web-0"; "drained");
    events::warning("Slow", "took long");
    events::termination_message("bye");
    state::set("right", b"4").unwrap();
    state::delete("left").unwrap();
    let logs = mock.logs();
    assert_eq!(
        (logs[0].level, logs[0].message.as_str()),
        (log::Level::Info, "drained")
    );
    assert_eq!(logs[0].fields, [("pod".into(), "web-0".into())]);
    assert_eq!(mock.events()[0].reason, "Slow");
    assert_eq!(mock.termination_message().as_deref(), Some("bye"));
    assert_eq!(
        (mock.state_of("left"), mock.state_of("right")),
        (None, Some(b"4".to_vec()))
    );
}

#[test]
fn paths_lead_into_folders_of_the_test() {
    let ctx = Context::new(Phase::PostStart);
    assert_eq!(ctx.path("/data/x").to_str(), Some("/data/x"));
    let _mock = Mock::new()
        .folder("/data", "/tmp/a")
        .folder("/data/sub", "/tmp/b");
    assert_eq!(ctx.path("/data/x").to_str(), Some("/tmp/a/x"));
    assert_eq!(ctx.path("/data/sub/x").to_str(), Some("/tmp/b/x"));
    assert_eq!(ctx.path("/database").to_str(), Some("/database"));
}

#[test]
fn threads_have_mocks_of_their_own() {
    let _mock = Mock::new().config("whose", "ours");
    let theirs = std::thread::spawn(|| config::get("whose"));
    assert_eq!(theirs.join().unwrap(), None);
    let second = std::panic::catch_unwind(Mock::new);
    let why = second.unwrap_err();
    assert!(
        why.downcast_ref::<String>()
            .is_some_and(|why| why.contains("drop it first"))
    );
}
