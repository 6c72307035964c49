//! HTTPS to a real server, with certificates made for the test.

use crate::adapter::{adapter, compiled};
use crate::podhook::{command, finish, said};
use podhook_test_guests::lifecycle::ASKS;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};

const HI: &str = r#"Ok((200, "hi"))"#;

/// Serves `hi` under a certificate for `name`; gives its port, and the authority's
/// certificate as PEM.
fn start(name: &str) -> (u16, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (serve(Arc::new(config)), authority.pem())
}

fn serve(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            // Who does not trust us goes away in the middle.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        }
    });
    port
}

/// Authorities in a file.
fn file(authorities: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authorities).unwrap();
    file
}

/// What becomes of a request over HTTPS; `program` takes options and a hook.
fn get(program: &mut Command, hook: &str, port: u16) -> String {
    let host = format!("https://localhost:{port}");
    let words = [
        "-o",
        "json",
        "--allow-host",
        &host,
        hook,
        "--",
        "get",
        &host,
    ];
    said(&finish(program.args(words)).report()).to_owned()
}

fn run() -> Command {
    let mut run = command();
    run.arg("run");
    run
}

fn get_by_run(port: u16, authorities: &str) -> String {
    let authorities = file(authorities);
    let mut run = run();
    get(run.env("SSL_CERT_FILE", authorities.path()), ASKS, port)
}

#[test]
fn a_server_is_trusted_by_its_authority_and_its_name() {
    let (port, authority) = start("localhost");
    assert_eq!(get_by_run(port, &authority), HI);
    let (_, another) = start("localhost");
    let stranger = get_by_run(port, &another);
    assert!(stranger.contains("invalid peer certificate"), "{stranger}");
    let (port, authority) = start("elsewhere.example");
    let misnamed = get_by_run(port, &authority);
    assert!(misnamed.contains("not valid for name"), "{misnamed}");
}

#[test]
fn authorities_given_take_the_place_of_the_machines() {
    let (port, authority) = start("localhost");
    let (_, another) = start("localhost");
    let (ours, others) = (file(&authority), file(&another));
    let hook = compiled(ASKS, &[]);
    type Program = fn() -> Command;
    let programs: [(Program, &str); 2] = [(run, ASKS), (|| adapter(&[]), &hook)];
    for (program, hook) in programs {
        let given = |mine: &NamedTempFile, machine: &NamedTempFile| {
            let mut program = program();
            program.arg("--ca-file").arg(mine.path());
            get(program.env("SSL_CERT_FILE", machine.path()), hook, port)
        };
        assert_eq!(given(&ours, &others), HI);
        let stranger = given(&others, &ours);
        assert!(stranger.contains("invalid peer certificate"), "{stranger}");
    }
}
