//! Takes the service out of its registry before it stops answering, and gives clients time
//! to notice. Tries again for as long as the call has time.

#![forbid(unsafe_code)]

use podhook::http::Request;
use podhook::retry::Backoff;
use podhook::{Context, Error, Result, clock, config, events, log};
use std::time::Duration;

/// What the operator says.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Settings {
    /// The registry's address.
    registry: String,
    /// The service's identifier there; by default the pod's name.
    service_id: Option<String>,
    /// A token of the registry's, where it wants one.
    token: Option<String>,
    /// How long clients may take to notice.
    settle_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registry: "http://127.0.0.1:8500".to_owned(),
            service_id: None,
            token: None,
            settle_seconds: 0,
        }
    }
}

#[podhook::pre_stop]
fn deregister(ctx: Context) -> Result {
    let settings: Settings = config::parse()?;
    let settle = Duration::from_secs(settings.settle_seconds);
    let service = settings.service_id.clone().unwrap_or(ctx.pod.name);
    let backoff = Backoff::default().reserve(settle + Duration::from_millis(100));
    backoff.retry(|_| take_out(&settings, &service))?;
    log::info!(service; "out of the registry");
    events::normal("Deregistered", &format!("{service} is out of the registry"));
    clock::sleep(settle);
    Ok(())
}

/// A service that is not there (any more) is out as well: hooks may be called twice.
fn take_out(settings: &Settings, service: &str) -> Result {
    let registry = settings.registry.trim_end_matches('/');
    let url = format!("{registry}/v1/agent/service/deregister/{service}");
    let mut request = Request::put(&url).timeout(Duration::from_secs(2));
    if let Some(token) = &settings.token {
        request = request.header("x-consul-token", token);
    }
    let answer = request.send()?;
    match answer.status {
        404 => Ok(()),
        401 | 403 => Err(Error::invalid_input(format_args!(
            "the registry wants another token: {}",
            answer.text()
        ))),
        _ => Ok(answer.error_for_status().map(drop)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook::testing::{Answer, Mock};
    use podhook::{ErrorKind, Phase};

    const URL: &str = "PUT http://127.0.0.1:8500/v1/agent/service/deregister/web-0";

    fn web_0() -> Context {
        let mut ctx = Context::new(Phase::PreStop);
        ctx.pod.name = "web-0".to_owned();
        ctx
    }

    #[test]
    fn it_tries_until_the_registry_answers_and_lets_clients_notice() {
        let refused = podhook::http::Error::Connection("refused".to_owned());
        let mock = Mock::new()
            .timeout(Duration::from_secs(30))
            .config("settle-seconds", "5")
            .config("token", "secret")
            .answer(URL, Answer::error(refused))
            .answer(URL, 503)
            .answer(URL, 200);
        assert_eq!(deregister(web_0()), Ok(()));
        assert_eq!(mock.elapsed(), Duration::from_millis(100 + 200 + 5_000));
        let sent = &mock.requests()[2];
        assert_eq!(sent.headers, [("x-consul-token".into(), "secret".into())]);
        assert_eq!(mock.events()[0].reason, "Deregistered");
    }

    #[test]
    fn who_is_out_already_is_out() {
        let _mock = Mock::new().answer(URL, 404);
        assert_eq!(deregister(web_0()), Ok(()));
    }

    #[test]
    fn a_registry_that_is_down_leaves_time_to_say_so() {
        let mock = Mock::new().timeout(Duration::from_secs(3)).answer(URL, 500);
        let error = deregister(web_0()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Retryable);
        assert!(mock.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn a_wrong_token_is_the_operators() {
        let _mock = Mock::new()
            .config("registry", "http://consul/")
            .config("service-id", "db")
            .answer(
                "PUT http://consul/v1/agent/service/deregister/db",
                Answer::new(403).body("ACL not found"),
            );
        let why = "the registry wants another token: ACL not found";
        assert_eq!(deregister(web_0()), Err(Error::invalid_input(why)));
    }
}
