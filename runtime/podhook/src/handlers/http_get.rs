//! The `httpGet` handler: one GET as the kubelet sends it (R44 to R55).
//!
//! To the byte, because servers tell requests apart by bytes, and to the word, because
//! events carry the words: what Go's `net/http` does is done here, not what HTTP asks.
//! Who the pod is, how long the hook may take and what is reported of it is not known
//! here; whoever waits stops by dropping the future.
//!
//! | module | holds |
//! |---|---|
//! | `url`, `header`, `punycode`, `request` | what is asked, without I/O |
//! | `dial`, `tls`, `wire` | a connection |
//! | `answer`, `body` | what comes back over it |
//! | `exchange`, `redirect` | one request; one after another |

mod answer;
mod body;
mod dial;
mod exchange;
mod header;
mod punycode;
mod redirect;
mod request;
mod tls;
mod url;
mod wire;

#[cfg(test)]
mod tests;

use podhook_lifecycle::spec::{ContainerPort, HttpGetAction};
use redirect::Followed;
use request::Request;
use std::net::IpAddr;

/// What a pod tells the handler beside the action.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// What is asked.
    pub(crate) action: &'a HttpGetAction,
    /// Of the same container.
    pub(crate) ports: &'a [ContainerPort],
    /// `status.podIPs`, of which the first is used; empty: none are known (hostNetwork).
    pub(crate) pod_ips: &'a [IpAddr],
    /// `kube-lifecycle/1.36`, or `kube-probe/1.36`.
    pub(crate) user_agent: &'a str,
}

/// What came of it: R48, any status is a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Of the last answer.
    pub(crate) status: u16,
    /// HTTPS was answered by HTTP, and asked again as HTTP (R51).
    pub(crate) fallback: bool,
    /// How many requests were begun, redirects and the one before a fallback included.
    pub(crate) requests: u32,
}

/// On whose behalf a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Hook,
    Probe,
}

/// R53: `maxRespBodyLength`.
const MAX_BODY: u64 = 10 << 10;

/// Sends a hook's request. The error is what stands after `failed - error: ` (R55).
pub(crate) async fn get(target: &Target<'_>) -> Result<Answer, String> {
    let request = Request::new(target)?;
    let failed = match redirect::follow(&request, Purpose::Hook).await {
        Ok(followed) => return Ok(finish(followed, 0).await),
        Err(failed) => failed,
    };
    // The kubelet, too, looks for the words.
    if !failed.cause.contains(tls::SCHEME_MISMATCH) {
        return Err(failed.to_string());
    }
    match redirect::follow(&request.without_tls(), Purpose::Hook).await {
        Ok(followed) => Ok(finish(followed, failed.requests).await),
        Err(_) => Err(failed.to_string()),
    }
}

/// R53: what is left is read as far as the kubelet reads it, and the connection closed.
async fn finish(followed: Followed, before: u32) -> Answer {
    let Followed {
        mut answered,
        requests,
    } = followed;
    answered.discard_short(MAX_BODY).await;
    Answer {
        status: answered.head.status,
        fallback: before > 0,
        requests: requests.saturating_add(before),
    }
}

/// Sends a probe's request: 200 to 399 is a success, a redirect to another host with
/// it. Compression is not asked for, the connection is not kept, and there is no
/// fallback.
pub(crate) async fn probe(target: &Target<'_>) -> Result<u16, String> {
    let request = Request::new(target)?;
    let followed = redirect::follow(&request, Purpose::Probe).await;
    let mut answered = followed.map_err(|failed| failed.to_string())?.answered;
    answered.discard(MAX_BODY).await?;
    match answered.head.status {
        status @ 200..400 => Ok(status),
        status => Err(format!("HTTP probe failed with statuscode: {status}")),
    }
}
