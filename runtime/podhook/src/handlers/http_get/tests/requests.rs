//! What is asked: URLs without I/O, then requests as a server reads them.

use super::*;
use crate::handlers::http_get::request::Request;
use podhook_lifecycle::spec::ContainerPort;
use std::net::IpAddr;

fn port(name: &str) -> IntOrString {
    IntOrString::String(name.to_owned())
}

/// The URL of an action in a container with port `quux`, in a pod with two addresses.
fn url(action: &HttpGetAction) -> Result<String, String> {
    let quux = ContainerPort {
        name: Some("quux".to_owned()),
        container_port: 8080,
    };
    let ips: [IpAddr; 2] = [
        "233.252.0.1".parse().unwrap(),
        "2001:db8::1".parse().unwrap(),
    ];
    let target = Target {
        ports: &[quux],
        pod_ips: &ips,
        ..target(action)
    };
    let request = Request::new(&target)?;
    Ok(String::from_utf8(request.url.written()).unwrap())
}

fn at_foo(port: IntOrString) -> HttpGetAction {
    HttpGetAction {
        host: Some("foo".to_owned()),
        port,
        path: Some("bar".to_owned()),
        ..HttpGetAction::default()
    }
}

#[test]
fn http_01_to_05_the_port() {
    let of = |port| url(&at_foo(port));
    let is = |url: &str| Ok(url.to_owned());
    assert_eq!(of(IntOrString::Int(8080)), is("http://foo:8080/bar"));
    assert_eq!(of(port("quux")), is("http://foo:8080/bar"));
    let https = HttpGetAction {
        scheme: Some("HTTPS".to_owned()),
        ..at_foo(port("70"))
    };
    assert_eq!(url(&https), is("https://foo:70/bar"));
    for name in ["foo", ""] {
        let expected = format!("strconv.Atoi: parsing \"{name}\": invalid syntax");
        assert_eq!(of(port(name)), Err(expected));
    }
    assert_eq!(
        of(IntOrString::Int(0)),
        Err("invalid port number: 0".to_owned())
    );
}

#[test]
fn http_08_http_11_the_host() {
    let mut action = at_foo(IntOrString::Int(42));
    action.host = None;
    assert_eq!(url(&action), Ok("http://233.252.0.1:42/bar".to_owned()));
    let text = Request::new(&target(&action)).unwrap_err();
    assert!(text.starts_with("failed to find networking container: "));
    action.host = Some("example.test".to_owned());
    let request = Request::new(&target(&action)).unwrap();
    assert_eq!(request.url.host, b"example.test:42");
    action.host = Some("::1".to_owned());
    assert_eq!(url(&action), Ok("http://[::1]:42/bar".to_owned()));
    action.host = Some("example.test:80".to_owned());
    let expected = "parse \"http://[example.test:80]:42/bar\": invalid host: \
         ParseAddr(\"example.test:80\"): unexpected character (at \"example.test:80\")";
    assert_eq!(url(&action), Err(expected.to_owned()));
}

/// The same over a connection; where there is no port, nothing is connected to.
#[test]
fn http_02_http_04_http_05_http_08_a_named_port_of_the_pod() {
    let server = Server::new(vec![answer(OK)]);
    let web = ContainerPort {
        name: Some("web".to_owned()),
        container_port: server.port.into(),
    };
    let outcome = |name: &str| {
        let action = HttpGetAction {
            host: None,
            ..at_foo(port(name))
        };
        let target = Target {
            ports: std::slice::from_ref(&web),
            pod_ips: &["127.0.0.1".parse().unwrap()],
            ..target(&action)
        };
        block_on(get(&target)).map(|answer| answer.status)
    };
    for name in ["foo", ""] {
        let expected = format!("strconv.Atoi: parsing \"{name}\": invalid syntax");
        assert_eq!(outcome(name), Err(expected));
    }
    assert_eq!(outcome("web"), Ok(200));
    let expected = format!("GET /bar HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", server.port);
    assert!(server.requests().remove(0).starts_with(&expected));
}

#[test]
fn http_12_to_14_the_path() {
    for (path, line) in [
        ("foo", "/foo"),
        ("/foo", "/foo"),
        ("", "/"),
        ("?foo", "/?foo"),
        ("foo?k=v", "/foo?k=v"),
        ("foo#frag", "/foo"),
        ("/a b", "/a%20b"),
        ("/ü", "/%C3%BC"),
        ("../x", "/../x"),
        ("http://evil.example/x?y=1", "/x?y=1"),
        ("/a%zz?b=1", "/a%25zz%3Fb=1"),
        ("%zz/200", "/%25zz/200"),
        ("/a%2Fb?c d", "/a%2Fb?c d"),
    ] {
        let sent = sent(|port| action(port, path));
        let first = sent.lines().next().unwrap();
        assert_eq!(first, format!("GET {line} HTTP/1.1"), "{path}");
    }
}

#[test]
fn http_19_the_scheme() {
    let of = |scheme: Option<&str>| {
        let action = HttpGetAction {
            scheme: scheme.map(str::to_owned),
            ..at_foo(IntOrString::Int(1))
        };
        url(&action).unwrap()
    };
    assert_eq!(of(Some("HTTPS")), "https://foo:1/bar");
    assert_eq!(of(Some("HTTP")), "http://foo:1/bar");
    assert_eq!(of(Some("")), "http://foo:1/bar");
    assert_eq!(of(None), "http://foo:1/bar");
}

/// The fields that are sent for these, each on a line of its own.
fn fields(path: &str, headers: &[(&str, &str)]) -> String {
    let sent = sent(|port| with_headers(port, path, headers));
    let (_, fields) = sent.split_once("\r\n").unwrap();
    fields
        .strip_suffix("\r\n\r\n")
        .unwrap()
        .replace("\r\n", "\n")
}

const HOST: &str = "Host: 127.0.0.1:PORT";
const AGENT: &str = "User-Agent: kube-lifecycle/1.36";
const GZIP: &str = "Accept-Encoding: gzip";

#[test]
fn http_21_nothing_but_defaults() {
    let expected = format!("{HOST}\n{AGENT}\nAccept: */*\n{GZIP}");
    assert_eq!(fields("/", &[]), expected);
}

#[test]
fn http_22_fields_of_the_users_own() {
    let expected = format!("{HOST}\n{AGENT}\nAccept: */*\nFoo: bar\n{GZIP}");
    assert_eq!(fields("/", &[("Foo", "bar")]), expected);
    let repeated = [("x-b", " 1 "), ("FOO-bAR", "2"), ("foo-bar", "3")];
    let expected = format!("{HOST}\n{AGENT}\nAccept: */*\nFoo-Bar: 2\nFoo-Bar: 3\nX-B: 1\n{GZIP}");
    assert_eq!(fields("/", &repeated), expected);
}

#[test]
fn http_23_another_host() {
    let expected = format!("Host: from.header\n{AGENT}\nAccept: */*\n{GZIP}");
    assert_eq!(fields("/", &[("Host", "from.header")]), expected);
    assert_eq!(
        fields("/", &[("Host", "a/b")]),
        expected.replace("from.header", "")
    );
    assert_eq!(
        fields("/", &[("Host", "ü.header:8")]),
        expected.replace("from.header", "xn--tda.header:8")
    );
    assert!(fields("/", &[("Host", "")]).starts_with(HOST));
}

#[test]
fn empty_values_take_defaults_away() {
    let agentless = format!("{HOST}\nAccept: */*\n{GZIP}");
    assert_eq!(fields("/", &[("User-Agent", "")]), agentless);
    let any = format!("{HOST}\n{AGENT}\n{GZIP}");
    assert_eq!(fields("/", &[("Accept", "")]), any);
}

#[test]
fn what_frames_a_request_is_not_the_users() {
    let framing = [
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Trailer", "X"),
        ("Range", "bytes=0-1"),
    ];
    let expected = format!("{HOST}\n{AGENT}\nAccept: */*\nRange: bytes=0-1");
    assert_eq!(fields("/", &framing), expected);
}

#[test]
fn a_name_and_a_password_in_the_path() {
    let basic = format!("{HOST}\n{AGENT}\nAccept: */*\nAuthorization: Basic dXM6cHc=\n{GZIP}");
    assert_eq!(fields("//us:pw@ignored/x", &[]), basic);
    let own = basic.replace("Basic dXM6cHc=", "mine");
    assert_eq!(
        fields("//us:pw@ignored/x", &[("Authorization", "mine")]),
        own
    );
}

#[test]
fn a_value_with_a_newline_is_not_sent() {
    let text = run(&with_headers(1, "/p", &[("x-a", "a\nb")])).unwrap_err();
    let why = "net/http: invalid header field value for \"X-A\"";
    assert_eq!(text, format!("Get \"http://127.0.0.1:1/p\": {why}"));
}

#[test]
fn ipv6_in_brackets() {
    let server = Server::at("[::1]:0", vec![answer(OK)]);
    let port = server.port;
    let mut action = action(port, "/");
    action.host = Some("::1".to_owned());
    run(&action).unwrap();
    let request = server.requests().remove(0);
    assert!(request.contains(&format!("\r\nHost: [::1]:{port}\r\n")));
}

#[test]
fn a_probe_asks_to_be_let_go() {
    let server = Server::new(vec![answer(OK)]);
    let action = action(server.port, "/");
    assert_eq!(run_probe(&action), Ok(200));
    let request = server.requests().remove(0);
    assert!(request.ends_with("Accept: */*\r\nConnection: close\r\n\r\n"));
}

/// The same test in a process of its own, whose environment names a proxy.
#[test]
fn http_50_no_proxy() {
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args([
        "--exact",
        &format!("{module}::http_21_nothing_but_defaults"),
    ]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        again.env(name, "http://127.0.0.1:1");
    }
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}
