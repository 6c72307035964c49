//! Fills a starting container's caches: asks for pages that are slow the first time, all at
//! once, and again for those that did not answer yet. The container is ready when all have.

#![forbid(unsafe_code)]

use podhook::http::{self, Request};
use podhook::retry::Backoff;
use podhook::{Error, Result, config, events, log};
use std::time::Duration;

/// What the operator says.
#[derive(serde::Deserialize)]
struct Settings {
    /// The server's address.
    #[serde(default = "localhost")]
    server: String,
    /// The pages, separated by commas.
    paths: Vec<String>,
}

fn localhost() -> String {
    "http://127.0.0.1:80".to_owned()
}

#[podhook::post_start]
fn warm() -> Result {
    let Settings { server, paths } = config::parse()?;
    let server = server.trim_end_matches('/');
    let mut cold: Vec<String> = paths.iter().map(|path| format!("{server}{path}")).collect();
    // The server has only just been started.
    let backoff = Backoff::default().longest(Duration::from_secs(1));
    backoff.retry(|_| ask(&mut cold))?;
    log::info!(pages = paths.len(); "warm");
    events::normal("Warm", &format!("{} pages answered", paths.len()));
    Ok(())
}

/// Asks for all that are cold; those that answer are not any more.
fn ask(cold: &mut Vec<String>) -> Result {
    let answers = http::send_all(cold.iter().map(|url| Request::get(url)));
    let mut failed = Ok(());
    let mut answers = answers.into_iter();
    cold.retain(|url| match answers.next().map(checked) {
        Some(Err(why)) => {
            // What trying again would not help ends it, whatever else failed.
            if failed.is_ok() || !why.is_retryable() {
                failed = Err(named(url, why));
            }
            true
        }
        Some(Ok(())) | None => false,
    });
    failed
}

fn checked(answer: Result<http::Response, http::Error>) -> Result<(), http::Error> {
    answer?.error_for_status().map(drop)
}

fn named(url: &str, why: http::Error) -> Error {
    match why.is_retryable() {
        true => Error::retryable(format_args!("{url}: {why}")),
        false => Error::failed(format_args!("{url}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook::ErrorKind;
    use podhook::testing::{Answer, Mock};

    const HOME: &str = "GET http://app:8080/";
    const LIST: &str = "GET http://app:8080/list";

    fn host() -> Mock {
        Mock::new()
            .timeout(Duration::from_secs(10))
            .config("server", "http://app:8080/")
            .config("paths", "/,/list")
    }

    #[test]
    fn pages_are_asked_for_together_until_each_has_answered() {
        let slow = |status| Answer::new(status).after(Duration::from_secs(1));
        let refused = Answer::error(http::Error::Connection("refused".to_owned()));
        let mock = host()
            .answer(HOME, refused.clone())
            .answer(LIST, refused)
            .answer(HOME, slow(200))
            .answer(LIST, slow(503))
            .answer(LIST, slow(200));
        assert_eq!(warm(), Ok(()));
        let asked: Vec<String> = mock.requests().into_iter().map(|sent| sent.url).collect();
        let [home, list] = [HOME, LIST].map(|line| &line[4..]);
        assert_eq!(asked, [home, list, home, list, list]);
        let waited = Duration::from_millis(100 + 1_000 + 200 + 1_000);
        assert_eq!(mock.elapsed(), waited);
        assert_eq!(mock.events()[0].note, "2 pages answered");
    }

    #[test]
    fn a_page_that_is_not_there_is_not_waited_for() {
        let mock = host().answer(HOME, 503).answer(LIST, 404);
        let why = "http://app:8080/list: http: status 404";
        assert_eq!(warm(), Err(Error::failed(why)));
        assert_eq!(mock.elapsed(), Duration::ZERO);
    }

    #[test]
    fn who_never_gets_ready_is_told_before_the_time_is_over() {
        let mock = host().answer(HOME, 200).answer(LIST, 503);
        assert_eq!(warm().unwrap_err().kind(), ErrorKind::Retryable);
        assert!(mock.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn what_to_ask_for_must_be_said() {
        let _mock = Mock::new();
        assert_eq!(
            warm(),
            Err(Error::invalid_input(
                "setting paths is missing (--config paths=VALUE)"
            ))
        );
    }
}
