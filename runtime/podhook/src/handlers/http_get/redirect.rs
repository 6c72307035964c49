//! R49: one request after another, for as long as the host stays the same.
//!
//! Also what is said when any of them fails: an error names the request it ended. What
//! the last answer means is not known here.

use super::Purpose;
use super::answer::Head;
use super::exchange::{Answered, exchange};
use super::request::Request;
use super::url::Url;
use podhook_lifecycle::quote::quote;
use std::fmt;

/// Go's `url.Error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    url: Vec<u8>,
    pub(super) cause: String,
    /// How many requests were begun, the one that failed among them.
    pub(super) requests: u32,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Get {}: {}", quote(&self.url), self.cause)
    }
}

/// The last answer, and how many requests it took.
pub(super) struct Followed {
    pub(super) answered: Answered,
    pub(super) requests: u32,
}

/// How many requests there may be in all.
const MAX_REQUESTS: u32 = 10;

/// What Go reads of a redirect's body, before it goes where it was sent.
const MAX_SLURP: u64 = 2 << 10;

pub(super) async fn follow(first: &Request, purpose: Purpose) -> Result<Followed, Failed> {
    let mut request = first.clone();
    let mut keeps_content = true;
    let mut requests = 0;
    loop {
        requests += 1;
        let fails = |url: Vec<u8>, cause| Failed {
            url,
            cause,
            requests,
        };
        let answered = exchange(&request, purpose).await;
        let mut answered = answered.map_err(|cause| fails(request.url.redacted(), cause))?;
        let Some(location) = location(&answered.head) else {
            return Ok(Followed { answered, requests });
        };
        keeps_content &= matches!(answered.head.status, 307 | 308);
        let next = next(first, &request, &location, keeps_content);
        let next = next.map_err(|cause| fails(request.url.redacted(), cause))?;
        if next.url.hostname() != first.url.hostname() {
            return Ok(Followed { answered, requests });
        }
        answered.discard_short(MAX_SLURP).await;
        if requests >= MAX_REQUESTS {
            let cause = format!("stopped after {MAX_REQUESTS} redirects");
            return Err(fails(location, cause));
        }
        request = next;
    }
}

/// Where an answer sends us; a redirect to nowhere is an answer like any other.
fn location(head: &Head) -> Option<Vec<u8>> {
    let is_redirect = matches!(head.status, 301 | 302 | 303 | 307 | 308);
    (is_redirect && !head.location.is_empty()).then(|| head.location.clone())
}

/// The request that `location` asks for. All of the first one's fields go along, its
/// secrets too, because the host is the same, or it would not be followed.
fn next(
    first: &Request,
    last: &Request,
    location: &[u8],
    keeps_content: bool,
) -> Result<Request, String> {
    let url = last.url.join(location).map_err(|why| {
        let location = quote(location);
        format!("failed to parse Location header {location}: {why}")
    })?;
    let mut headers = first.headers.clone();
    if !keeps_content {
        headers.retain(|name| !OF_CONTENT.contains(&name));
    }
    // Not from TLS to none; and what the user set first stays.
    let is_downgrade = last.url.scheme == "https" && url.scheme == "http";
    if !is_downgrade {
        let referer = match headers.first("Referer") {
            b"" => last.url.referer(),
            own => own.to_vec(),
        };
        headers.set("Referer", referer);
    }
    let host = kept_host(last, location);
    Ok(Request { url, host, headers })
}

/// Fields about a body, which a redirect leaves behind.
const OF_CONTENT: [&str; 4] = [
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Type",
];

/// A `Host` of the user's own stays where the way is relative.
fn kept_host(last: &Request, location: &[u8]) -> Vec<u8> {
    let is_relative = Url::parse(location).is_ok_and(|location| !location.is_absolute());
    match is_relative && last.host != last.url.host {
        true => last.host.clone(),
        false => Vec::new(),
    }
}
