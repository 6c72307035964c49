//! Asks an application to take no more work, and waits until it has finished what it
//! had: what `preStop: sleep 15` only hopes for.

mod in_flight;
mod window;

use std::iter;
use std::thread;
use std::time::Duration;

use podhook::http::{self, Request, Response};
use podhook::{Context, Error, config, events, log};

use crate::window::Window;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[podhook::pre_stop]
fn drain(ctx: Context) -> podhook::Result {
    let drain_url = config::require("drain-url")?;
    let status_url = config::require("status-url")?;
    let window = Window::of(&ctx);
    get(&drain_url, &window)?;
    log::info!(url = drain_url; "draining");
    wait_until_idle(&status_url, &window)
}

fn wait_until_idle(url: &str, window: &Window) -> podhook::Result {
    for pause in pauses() {
        let left = requests_in_flight(url, window)?;
        if left == 0 {
            events::normal("Drained", "no request is in flight");
            return Ok(());
        }
        let rest = window.rest();
        if rest.is_zero() {
            return Err(Error::retryable(format_args!(
                "{left} requests still in flight"
            )));
        }
        log::info!(left; "waiting");
        thread::sleep(pause.min(rest));
    }
    Ok(())
}

/// Short at first, since most drains are; then doubling, to leave the application
/// its CPU.
fn pauses() -> impl Iterator<Item = Duration> {
    iter::successors(Some(FIRST_PAUSE), |pause| {
        Some((*pause * 2).min(LONGEST_PAUSE))
    })
}

fn requests_in_flight(url: &str, window: &Window) -> podhook::Result<u64> {
    let answer = get(url, window)?;
    let text = answer.text();
    let not_a_number = || Error::failed(format_args!("{url}: not a number of requests: {text:?}"));
    in_flight::parse(&text).ok_or_else(not_a_number)
}

fn get(url: &str, window: &Window) -> podhook::Result<Response> {
    let request = Request::get(url).timeout(window.for_an_answer());
    let answer = request.send().and_then(Response::error_for_status);
    answer.map_err(|err| no_answer(url, &err))
}

/// A host that was not granted stays so; a connection may work the next time.
fn no_answer(url: &str, err: &http::Error) -> Error {
    let text = format_args!("{url}: {err}");
    match err {
        http::Error::InvalidUrl(_) | http::Error::Denied(_) => Error::invalid_input(text),
        http::Error::Status(_) => Error::failed(text),
        _ => Error::retryable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let millis: Vec<_> = pauses().take(7).map(|pause| pause.as_millis()).collect();
        assert_eq!(millis, [100, 200, 400, 800, 1600, 2000, 2000]);
    }

    #[test]
    fn what_cannot_get_better_is_not_retried() {
        let kind = |err| no_answer("http://a/", &err).kind();
        assert_eq!(
            kind(http::Error::Denied("a".into())),
            podhook::ErrorKind::InvalidInput
        );
        assert_eq!(kind(http::Error::Status(404)), podhook::ErrorKind::Failed);
        assert_eq!(kind(http::Error::Timeout), podhook::ErrorKind::Retryable);
    }
}
