//! R49: which redirects are followed, with what, and how often.

use super::*;

fn to(location: &str) -> Step {
    with_status(302, location)
}

fn with_status(status: u16, location: &str) -> Step {
    answer(format!(
        "HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    ))
}

/// The requests and the outcome of an action against these steps.
fn through(steps: Vec<Step>, make: impl Fn(u16) -> HttpGetAction) -> (Vec<String>, Answer) {
    let server = Server::new(steps);
    let port = server.port;
    let answer = run(&make(port)).unwrap();
    let plain = |request: String| request.replace(&port.to_string(), "PORT");
    (server.requests().into_iter().map(plain).collect(), answer)
}

#[test]
fn http_33_to_the_same_host() {
    let last = answer_and_close("HTTP/1.1 500 X\r\n\r\n");
    let server = Server::new(vec![to("/success?a=b#c"), last]);
    let port = server.port;
    let got = run(&action(port, "/from#f")).unwrap();
    let expected = Answer {
        status: 500,
        fallback: false,
        requests: 2,
    };
    assert_eq!(got, expected);
    let second = server.requests().remove(1);
    assert_eq!(
        second,
        format!(
            "GET /success?a=b HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
             User-Agent: kube-lifecycle/1.36\r\nAccept: */*\r\n\
             Referer: http://127.0.0.1:{port}/from#f\r\nAccept-Encoding: gzip\r\n\r\n"
        )
    );
}

#[test]
fn http_35_to_another_host() {
    for location in ["http://localhost:1/x", "//127.0.0.2/", "mailto:a@b"] {
        let (_, answer) = through(vec![to(location)], |port| action(port, "/"));
        assert_eq!((answer.status, answer.requests), (302, 1), "{location}");
    }
}

#[test]
fn http_36_in_a_loop() {
    let server = Server::new((0..10).map(|_| to("/loop")).collect());
    let text = run(&action(server.port, "/loop")).unwrap_err();
    assert_eq!(text, "Get \"/loop\": stopped after 10 redirects");
    assert_eq!(server.requests().len(), 10);
}

#[test]
fn nine_redirects_are_not_too_many() {
    let steps = (0..9).map(|_| to("/on")).chain([answer(OK)]).collect();
    let (requests, answer) = through(steps, |port| action(port, "/"));
    assert_eq!(
        (requests.len(), answer.requests, answer.status),
        (10, 10, 200)
    );
}

#[test]
fn statuses_that_lead_on() {
    for status in [301, 302, 303, 307, 308] {
        let steps = vec![with_status(status, "/on"), answer(OK)];
        let (_, answer) = through(steps, |port| action(port, "/"));
        assert_eq!((answer.status, answer.requests), (200, 2));
    }
    for status in [300, 304, 305, 306] {
        let steps = vec![with_status(status, "/on")];
        let (_, answer) = through(steps, |port| action(port, "/"));
        assert_eq!((answer.status, answer.requests), (status, 1));
    }
}

#[test]
fn a_redirect_to_nowhere_is_an_answer() {
    let (_, answer) = through(vec![to("")], |port| action(port, "/"));
    assert_eq!((answer.status, answer.requests), (302, 1));
}

#[test]
fn what_goes_along() {
    let headers = [
        ("Host", "own.host"),
        ("Authorization", "secret"),
        ("Content-Type", "text/plain"),
        ("Referer", "mine"),
    ];
    let steps = vec![
        with_status(307, "a"),
        to("http://127.0.0.1:PORT/b"),
        answer(OK),
    ];
    let (requests, _) = through(steps, |port| with_headers(port, "/x/y", &headers));
    let rest = "User-Agent: kube-lifecycle/1.36\r\nAccept: */*\r\nAuthorization: secret\r\n";
    let end = "Referer: mine\r\nAccept-Encoding: gzip\r\n\r\n";
    let content = "Content-Type: text/plain\r\n";
    let own = "Host: own.host\r\n";
    assert_eq!(
        requests.get(1..).unwrap(),
        [
            format!("GET /x/a HTTP/1.1\r\n{own}{rest}{content}{end}"),
            format!("GET /b HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n{rest}{end}"),
        ]
    );
}

/// The first of several; but the request that is redirected has them all.
#[test]
fn one_referer_goes_along() {
    let headers = [("Referer", "mine"), ("referer", "")];
    let steps = vec![to("/a"), answer(OK)];
    let (requests, _) = through(steps, |port| with_headers(port, "/", &headers));
    assert!(requests[0].contains("\r\nReferer: mine\r\nReferer: \r\n"));
    assert!(requests[1].contains("\r\nReferer: mine\r\nAccept-Encoding: "));
    let unsaid = [("Referer", ""), ("Referer", "late")];
    let steps = vec![to("/a"), answer(OK)];
    let (requests, _) = through(steps, |port| with_headers(port, "/", &unsaid));
    let expected = "\r\nReferer: http://127.0.0.1:PORT/\r\nAccept-Encoding: ";
    assert!(requests[1].contains(expected));
}

#[test]
fn a_name_and_a_password_go_along_a_relative_way() {
    let steps = vec![to("/b"), answer(OK)];
    let (requests, _) = through(steps, |port| action(port, "//us:pw@h/a"));
    let second = requests.get(1).unwrap();
    assert!(second.contains("\r\nAuthorization: Basic dXM6cHc=\r\n"));
    assert!(second.contains("\r\nReferer: http://127.0.0.1:PORT/a\r\n"));
}

#[test]
fn errors_name_the_request_they_ended() {
    for (location, expected) in [
        (
            "http://127.0.0.1:1/x",
            "Get \"http://127.0.0.1:1/x\": dial tcp 127.0.0.1:1: connect: connection refused",
        ),
        (
            "http://127.0.0.1:99999/",
            "Get \"http://127.0.0.1:99999/\": dial tcp: address 99999: invalid port",
        ),
        (
            "ftp://127.0.0.1/x",
            "Get \"ftp://127.0.0.1/x\": unsupported protocol scheme \"ftp\"",
        ),
        (
            "/%zz",
            "Get \"http://127.0.0.1:PORT/\": failed to parse Location header \"/%zz\": \
             parse \"/%zz\": invalid URL escape \"%zz\"",
        ),
    ] {
        let server = Server::new(vec![to(location)]);
        let port = server.port;
        let text = run(&action(port, "/")).unwrap_err();
        assert_eq!(text, expected.replace("PORT", &port.to_string()));
    }
}

/// The redirect's body is not sent in full, and the next request comes all the same.
#[test]
fn a_long_body_of_a_redirect_is_not_waited_for() {
    let long = "HTTP/1.1 302 X\r\nLocation: /n\r\nContent-Length: 2049\r\n\r\n";
    let (requests, _) = through(vec![answer(long), answer(OK)], |port| action(port, "/"));
    assert_eq!(requests.len(), 2);
}
