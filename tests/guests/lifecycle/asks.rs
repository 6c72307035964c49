//! Asks its host for what its first argument names, and prints the answer.

use podhook::{Context, budget, clock, config, container, events, http, log, retry, state};
use std::collections::BTreeMap;
use std::time::Duration;

#[podhook::pre_stop]
fn ask(ctx: Context) -> podhook::Result {
    let words: Vec<&str> = ctx.args.iter().map(String::as_str).collect();
    let answer = match words.as_slice() {
        ["context"] => format!(
            "{:?} attempt {} timeout {:?} grace {:?} pod {}",
            ctx.phase, ctx.attempt, ctx.timeout, ctx.grace, ctx.pod.name
        ),
        ["pod"] => {
            let pairs =
                |map: &BTreeMap<String, String>| format!("{:?}", map.iter().collect::<Vec<_>>());
            let pod = &ctx.pod;
            let known = (&pod.namespace, &pod.uid, &ctx.container.name);
            let (labels, annotations) = (pairs(&pod.labels), pairs(&pod.annotations));
            let (namespace, uid, container) = known;
            format!(
                "{:?} {namespace:?} {uid:?} {container:?} {labels} {annotations}",
                pod.name
            )
        }
        ["invocation"] => ctx.invocation.clone(),
        ["config", key] => format!("{:?}", config::get(key)),
        ["config"] => format!("{:?}", config::all()),
        ["budget"] => format!(
            "{:?} {:?} {:?}",
            budget::remaining().map(|left| left.as_secs()),
            budget::fuel().map(|fuel| fuel > 0),
            budget::memory().map(|bytes| bytes >> 20),
        ),
        ["state", "set", key, value] => format!("{:?}", state::set(key, value.as_bytes())),
        ["state", "get", key] => format!(
            "{:?}",
            state::get(key)
                .map(|value| value.map(|value| String::from_utf8_lossy(&value).into_owned()))
        ),
        ["state", "keys"] => format!("{:?}", state::keys()),
        ["state", "fill"] => format!(
            "{:?}",
            (0..1000).try_for_each(|n| state::set(&n.to_string(), b"x"))
        ),
        ["get", url] => format!(
            "{:?}",
            http::get(url).map(|answer| (answer.status, answer.text().into_owned()))
        ),
        ["must-get", url] => http::get(url)?.text().into_owned(),
        ["all", urls @ ..] => {
            let requests = urls.iter().map(|url| http::Request::get(url));
            let answers = http::send_all(requests).into_iter();
            let answers = answers.map(|answer| answer.map(|answer| answer.text().into_owned()));
            format!("{:?}", answers.collect::<Vec<_>>())
        }
        ["persist", url] => retry::retry(|_| Ok(http::get(url)?.error_for_status()?))?
            .text()
            .into_owned(),
        ["headers", count, url] => {
            let count = count.parse()?;
            let request = http::Request::get(url);
            let named =
                (0..count).fold(request, |request, n| request.header(&format!("x-{n}"), "y"));
            format!("{:?}", named.send().map(|answer| answer.status))
        }
        ["sleep", millis] => {
            let millis = Duration::from_millis(millis.parse()?);
            let began = clock::elapsed();
            clock::sleep(millis);
            format!("{}", clock::elapsed() - began >= millis)
        }
        ["signal", name] => format!("{:?}", container::signal(name.parse()?)),
        ["running"] => format!("{:?}", container::running()),
        ["wait", millis] => format!(
            "{:?}",
            container::wait_until_stopped(Some(Duration::from_millis(millis.parse()?)))
        ),
        ["log", text] => {
            log::warn!(answer = 42; "{text}");
            log::trace!("below the level");
            "logged".to_owned()
        }
        ["log-flood"] => {
            (0..100_000).for_each(|n| log::error!("record {n}"));
            "logged".to_owned()
        }
        ["event-flood"] => {
            (0..100_000).for_each(|n| events::warning("Flood", &n.to_string()));
            "emitted".to_owned()
        }
        ["event", reason, note] => {
            events::warning(reason, note);
            events::termination_message(note);
            "emitted".to_owned()
        }
        ["termination", bytes] => {
            events::termination_message(&"x".repeat(bytes.parse()?));
            "set".to_owned()
        }
        ["random", bytes] => {
            let got = wasip2::random::random::get_random_bytes(bytes.parse()?);
            format!("{} bytes", got.len())
        }
        ["connect", address] => format!(
            "{:?}",
            std::net::TcpStream::connect(address)
                .map(|_| ())
                .map_err(|error| error.kind())
        ),
        _ => return Err(podhook::Error::invalid_input("no such question")),
    };
    println!("{answer}");
    Ok(())
}
