//! Has the container's main process end by itself, as `nginx -s quit` does, and waits
//! until it has. On TERM, which follows a preStop hook, nginx drops its connections.

use std::time::Duration;

use podhook::container::{self, Signal};
use podhook::{Context, Error, budget, config, events, log};

/// Kubernetes' own default, for when nobody said how long.
const DEFAULT_GRACE: Duration = Duration::from_secs(30);
/// Kept back to say what came of it.
const MARGIN: Duration = Duration::from_millis(500);

#[podhook::pre_stop]
fn quit(ctx: Context) -> podhook::Result {
    let signal = wanted_signal(config::get("signal"))?;
    container::signal(signal)?;
    log::info!(signal:% = signal; "sent");
    let time = time_to_wait(budget::remaining(), ctx.grace);
    match stopped_within(time)? {
        true => stopped(signal),
        false => still_running(signal, time),
    }
}

fn wanted_signal(name: Option<String>) -> podhook::Result<Signal> {
    let Some(name) = name else {
        return Ok(Signal::Quit);
    };
    name.parse()
        .map_err(|err| Error::invalid_input(format_args!("setting signal: {err}")))
}

fn time_to_wait(budget: Option<Duration>, grace: Option<Duration>) -> Duration {
    let given = [budget, grace].into_iter().flatten().min();
    given.unwrap_or(DEFAULT_GRACE).saturating_sub(MARGIN)
}

/// Once the signal was sent, a process that is gone has stopped.
fn stopped_within(time: Duration) -> Result<bool, container::Error> {
    match container::wait_until_stopped(Some(time)) {
        Err(container::Error::NotRunning) => Ok(true),
        answer => answer,
    }
}

fn stopped(signal: Signal) -> podhook::Result {
    log::info!(signal:% = signal; "main process has ended");
    events::normal(
        "GracefulQuit",
        &format!("main process ended after {signal}"),
    );
    Ok(())
}

fn still_running(signal: Signal, time: Duration) -> podhook::Result {
    let text = format!(
        "main process still runs {:.1} s after {signal}",
        time.as_secs_f64()
    );
    events::warning("StillRunning", &text);
    Err(Error::failed(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook::Phase;
    use podhook::testing::Mock;

    #[test]
    fn quit_unless_another_is_wanted() {
        assert_eq!(wanted_signal(None), Ok(Signal::Quit));
        assert_eq!(wanted_signal(Some("term".into())), Ok(Signal::Term));
        let err = wanted_signal(Some("KILL".into())).unwrap_err();
        assert_eq!(err.kind(), podhook::ErrorKind::InvalidInput);
    }

    #[test]
    fn the_shorter_limit_counts_less_the_margin() {
        let secs = |n| Some(Duration::from_secs(n));
        assert_eq!(
            time_to_wait(secs(10), secs(30)),
            Duration::from_millis(9_500)
        );
        assert_eq!(time_to_wait(None, secs(5)), Duration::from_millis(4_500));
        assert_eq!(time_to_wait(None, None), Duration::from_millis(29_500));
        assert_eq!(time_to_wait(secs(0), None), Duration::ZERO);
    }

    fn ctx() -> Context {
        Context::new(Phase::PreStop)
    }

    #[test]
    fn it_waits_until_the_server_has_ended() {
        let host = Mock::new().main_process_heeds(Signal::Quit, Duration::from_secs(4));
        assert_eq!(quit(ctx()), Ok(()));
        assert_eq!(host.elapsed(), Duration::from_secs(4));
        assert_eq!(host.events()[0].reason, "GracefulQuit");
    }

    #[test]
    fn a_server_that_stays_is_told_of_within_the_grace() {
        let host = Mock::new()
            .config("signal", "SIGTERM")
            .main_process_heeds(Signal::Quit, Duration::ZERO);
        let mut ctx = ctx();
        ctx.grace = Some(Duration::from_secs(10));
        let said = quit(ctx).unwrap_err().to_string();
        assert_eq!(said, "main process still runs 9.5 s after SIGTERM");
        assert_eq!(host.signals(), [Signal::Term]);
        assert_eq!(host.elapsed(), Duration::from_secs(10) - MARGIN);
    }
}
