//! What is answered to which request. Knows nothing of WASI.

/// A status and a body of plain text.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer to a request; `target` is its path with its query.
    pub fn to(method: &str, target: &str, body: Vec<u8>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match (method, path) {
            ("GET", "/healthz") => Self::ok("ok"),
            ("GET", "/hello") => Self::ok(format!("hello {}", name(query))),
            ("POST", "/echo") => Self::ok(body),
            _ => Self {
                status: 404,
                body: b"not found".to_vec(),
            },
        }
    }

    fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            body: body.into(),
        }
    }
}

/// As written in the query: escapes stay, for they are none of an example's business.
fn name(query: &str) -> &str {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("name="))
        .unwrap_or("stranger")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_answers() {
        let cases = [
            ("GET", "/healthz", "", 200, "ok"),
            ("GET", "/healthz?probe=1", "", 200, "ok"),
            ("GET", "/hello?name=X", "", 200, "hello X"),
            ("GET", "/hello?a=b&name=you", "", 200, "hello you"),
            ("GET", "/hello", "", 200, "hello stranger"),
            ("POST", "/echo", "there", 200, "there"),
            ("GET", "/echo", "", 404, "not found"),
            ("POST", "/healthz", "", 404, "not found"),
            ("GET", "/", "", 404, "not found"),
        ];
        for (method, target, sent, status, body) in cases {
            let answer = Answer::to(method, target, sent.into());
            assert_eq!(
                answer,
                Answer {
                    status,
                    body: body.into()
                },
                "{method} {target}"
            );
        }
    }
}
