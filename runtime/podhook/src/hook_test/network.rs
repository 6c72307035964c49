//! The network of a case: answers what the case says, and writes down what was asked.

use super::request::{Asked, Origin};
use super::written::{OneOrMore, Time};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use podhook_lifecycle::Scheme;
use podhook_sandbox::{Connection, Network};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::DuplexStream;

/// What is answered to a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Answer {
    /// `None`: the connection breaks off.
    response: Option<Response<Bytes>>,
    after: Duration,
}

/// All of an answer.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Whole {
    /// 200.
    status: Option<u64>,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    json: Option<Value>,
    /// At once.
    after: Option<Time>,
}

impl TryFrom<Value> for Answer {
    type Error = String;

    /// `200`, `broken`, or all of it.
    fn try_from(value: Value) -> Result<Self, String> {
        let status = |status: u64| Whole {
            status: Some(status),
            ..Whole::default()
        };
        let whole = match &value {
            Value::String(word) if word == "broken" => {
                let (response, after) = (None, Duration::ZERO);
                return Ok(Self { response, after });
            }
            Value::Number(number) => number.as_u64().map(status),
            Value::Object(_) => {
                let whole = serde_json::from_value(value).map_err(|why| why.to_string())?;
                Some(whole)
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => None,
        };
        let what = "write a status, `broken`, or {status, headers, body, json, after}";
        whole.ok_or(what)?.answer()
    }
}

impl Whole {
    fn answer(self) -> Result<Answer, String> {
        let body = match (self.body, self.json) {
            (Some(_), Some(_)) => return Err("body and json: one of the two".to_owned()),
            (body, None) => body.unwrap_or_default(),
            (None, Some(json)) => json.to_string(),
        };
        let mut response = Response::new(Bytes::from(body));
        let status = self.status.unwrap_or(200);
        *response.status_mut() = u16::try_from(status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok())
            .filter(|status| status.as_u16() >= 200)
            .ok_or_else(|| format!("{status} is no status of an answer"))?;
        for (name, value) in self.headers {
            let wrong = || format!("{name}: {value} is no header field");
            let field: HeaderName = name.parse().map_err(|_| wrong())?;
            if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&field) {
                return Err(format!("{name} is written by who sends the answer"));
            }
            let value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
            response.headers_mut().append(field, value);
        }
        Ok(Answer {
            response: Some(response),
            after: self.after.map_or(Duration::ZERO, |Time(after)| after),
        })
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) asked: Asked,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Answers in turn; the last of a request stays.
#[derive(Clone)]
pub(super) struct StandIn(Arc<Mutex<Script>>);

struct Script {
    answers: BTreeMap<Asked, VecDeque<Answer>>,
    seen: Vec<Seen>,
    /// What the case has no answer to.
    unanswered: Vec<String>,
}

impl StandIn {
    pub(super) fn new(answers: &BTreeMap<Asked, OneOrMore<Answer>>) -> Self {
        let in_turn = |(asked, answers): (&Asked, &OneOrMore<Answer>)| {
            (asked.clone(), answers.0.clone().into())
        };
        Self(Arc::new(Mutex::new(Script {
            answers: answers.iter().map(in_turn).collect(),
            seen: Vec::new(),
            unanswered: Vec::new(),
        })))
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In the order they came, and what there was no answer to.
    pub(super) fn seen(&self) -> (Vec<Seen>, Vec<String>) {
        let script = self.script();
        (script.seen.clone(), script.unanswered.clone())
    }

    async fn serve(self, stream: DuplexStream, origin: Origin) {
        let answers = service_fn(|request| self.answer(&origin, request));
        let http = http1::Builder::new();
        // One that breaks off is what was wanted, or the hook's own doing.
        let _ = http.serve_connection(TokioIo::new(stream), answers).await;
    }

    async fn answer(
        &self,
        origin: &Origin,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, BrokenOff> {
        let asked = origin.asked(&request);
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| BrokenOff)?.to_bytes();
        let answer = self.script().answer(Seen {
            asked,
            headers: head.headers,
            body,
        });
        let Answer { response, after } = answer.ok_or(BrokenOff)?;
        tokio::time::sleep(after).await;
        Ok(response.ok_or(BrokenOff)?.map(Full::new))
    }
}

impl Script {
    fn answer(&mut self, seen: Seen) -> Option<Answer> {
        let asked = seen.asked.clone();
        self.seen.push(seen);
        let Some(answers) = self.answers.get_mut(&asked) else {
            self.unanswered.push(asked.to_string());
            return None;
        };
        match answers.len() {
            1 => answers.front().cloned(),
            _ => answers.pop_front(),
        }
    }
}

/// The connection is to break off.
#[derive(Debug, thiserror::Error)]
#[error("the case has it break off")]
struct BrokenOff;

/// Bytes on their way.
const BUFFER: usize = 64 << 10;

impl Network for StandIn {
    fn connect(&self, scheme: Scheme, host: &str, port: u16) -> io::Result<Box<dyn Connection>> {
        let origin = Origin::new(scheme.as_str(), host, port);
        let mut script = self.script();
        if !script.answers.keys().any(|asked| asked.origin == origin) {
            script
                .unanswered
                .push(format!("whatever was asked of {origin}"));
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        drop(script);
        let (hook, other) = tokio::io::duplex(BUFFER);
        tokio::spawn(self.clone().serve(other, origin));
        Ok(Box::new(hook))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<Answer, String> {
        serde_json::from_str(text).map_err(|why| why.to_string())
    }

    #[test]
    fn an_answer_is_a_status_or_more() {
        assert_eq!(answer("204").unwrap().response.unwrap().status(), 204);
        assert!(answer("\"broken\"").unwrap().response.is_none());
        let whole = answer(r#"{"headers": {"x-a": "b"}, "json": [1], "after": "2s"}"#).unwrap();
        let response = whole.response.unwrap();
        assert_eq!(whole.after, Duration::from_secs(2));
        assert_eq!(
            (response.status().as_u16(), &response.body()[..]),
            (200, &b"[1]"[..])
        );
        assert_eq!(response.headers()["x-a"], "b");
        for (text, why) in [
            ("99", "99 is no status of an answer"),
            ("101", "101 is no status"),
            ("\"broke\"", "write a status, `broken`, or"),
            (
                r#"{"delay": "1s"}"#,
                "unknown field `delay`, expected one of `status`",
            ),
            (
                r#"{"after": "50"}"#,
                "invalid duration \"50\": write number and unit",
            ),
            (
                r#"{"body": "a", "json": 1}"#,
                "body and json: one of the two",
            ),
            (
                r#"{"headers": {"content-length": "3"}}"#,
                "content-length is written by",
            ),
            (r#"{"headers": {"a b": "c"}}"#, "a b: c is no header field"),
        ] {
            let said = answer(text).unwrap_err();
            assert!(said.starts_with(why), "{said}");
        }
    }
}
