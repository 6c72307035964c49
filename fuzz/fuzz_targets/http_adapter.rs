//! Whatever somebody writes to a connection of `podhook serve`, it is answered or closed, soon.
//! To a kubelet every answer is a success: what cannot be read never looks like one, unless
//! the server was told to answer by status.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podhook_host::fuzzing::Adapter;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A command that does nothing.
const HOOK: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;

const CONFIG: &str = "token: {value: secret}\n";

/// How long an answer may take before the other side stops writing: most are there sooner,
/// and what is not whole is never answered.
const A_WHILE: Duration = Duration::from_millis(2);

/// How long anything may take, on a machine that has a lot to do.
const LONG: Duration = Duration::from_secs(20);

struct Adapters {
    transport: Adapter,
    status: Adapter,
}

thread_local! {
    // Never dropped: threads of it are still running when the process ends.
    static ADAPTERS: &'static Adapters = Box::leak(Box::new(adapters()));
}

fn adapters() -> Adapters {
    let folder = tempfile::tempdir().unwrap().keep();
    let config = folder.join("serve.yaml");
    std::fs::write(folder.join("hook.wasm"), wat::parse_str(HOOK).unwrap()).unwrap();
    std::fs::write(&config, CONFIG).unwrap();
    Adapters {
        transport: Adapter::new(&folder, None, false).unwrap(),
        status: Adapter::new(&folder, Some(&config), true).unwrap(),
    }
}

/// All that comes back.
fn answers(adapter: &Adapter, request: &[u8]) -> Vec<u8> {
    // Like a connection to all that looks at it, without using up the machine's ports.
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    adapter
        .hand_over(TcpStream::from(OwnedFd::from(theirs)))
        .unwrap();
    // It may have been closed already.
    let _ = ours.write_all(request);
    let mut answers = Vec::new();
    ours.set_read_timeout(Some(A_WHILE)).unwrap();
    let _ = ours.read_to_end(&mut answers);
    let _ = ours.shutdown(Shutdown::Write);
    ours.set_read_timeout(Some(LONG)).unwrap();
    match ours.read_to_end(&mut answers) {
        Ok(_) => {}
        // What was closed before all was read.
        Err(why) if why.kind() == ErrorKind::ConnectionReset => {}
        Err(why) => panic!("neither answered nor closed: {why}"),
    }
    answers
}

/// Before there is another thread.
fn prepare() {
    // SAFETY: nobody else reads the environment, and SIG_IGN is no handler of ours.
    unsafe {
        // Hooks are compiled here, and kept nowhere.
        std::env::set_var("PODHOOK_CACHE", "");
        // As Rust's own `main` does.
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

fuzz_target!(init: prepare(), |data: &[u8]| {
    let adapters = ADAPTERS.with(|adapters| *adapters);
    let by_transport = answers(&adapters.transport, data);
    let by_status = answers(&adapters.status, data);
    for answers in [&by_transport, &by_status] {
        let is_http = answers.is_empty() || answers.starts_with(b"HTTP/1.");
        assert!(is_http, "{}", answers.escape_ascii());
    }
    let code = by_transport.get(b"HTTP/1.1 ".len()..).unwrap_or_default();
    assert!(!code.starts_with(b"4"), "{}", by_transport.escape_ascii());
});
