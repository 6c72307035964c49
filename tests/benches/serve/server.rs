//! The server in its process, and clients that keep their connections.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start(hooks: &[(&str, &str)], options: &[&str]) -> Self {
        raise_open_files();
        let folder = tempfile::tempdir().unwrap();
        for (name, module) in hooks {
            std::fs::copy(module, folder.path().join(name).with_extension("wasm")).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_podhook"))
            .args(["serve", "--listen", "127.0.0.1:0", "--hooks"])
            .arg(folder.path())
            .args(options)
            .env("PODHOOK_CACHE", "")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let address = line.trim().rsplit('=').next().unwrap().parse().unwrap();
        // Who does not read would have lines left out, which costs less.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let server = Self {
            child,
            address,
            _folder: folder,
        };
        while !server.client().ask("/readyz").starts_with("HTTP/1.1 200") {}
        server
    }

    pub(crate) fn client(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream }
    }

    /// Waits until a metric has this value.
    pub(crate) fn until_metric(&self, name: &str, value: f64) {
        let mut client = self.client();
        loop {
            let text = client.ask("/metrics");
            let found = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            if found.is_some_and(|found| found.parse::<f64>().unwrap() >= value) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Bytes of its memory.
    pub(crate) fn resident(&self) -> u64 {
        let status = Path::new("/proc")
            .join(self.child.id().to_string())
            .join("status");
        let text = std::fs::read_to_string(status).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .unwrap()
            << 10
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, path: &str) {
        self.say(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    }

    /// Asks, and reads the answer: its head, and the body by its length.
    pub(crate) fn ask(&mut self, path: &str) -> String {
        self.send(path);
        let mut bytes = Vec::new();
        let mut buffer = [0; 65_536];
        loop {
            let read = self.stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "broken off: {path}");
            bytes.extend_from_slice(&buffer[..read]);
            let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            let head = std::str::from_utf8(&bytes[..end]).unwrap();
            let mut fields = head
                .lines()
                .filter_map(|line| line.strip_prefix("content-length: "));
            let length = fields.next().map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return String::from_utf8(bytes).unwrap();
            }
        }
    }

    /// How often it can ask in this time.
    pub(crate) fn ask_for(&mut self, path: &str, span: Duration) -> usize {
        let until = Instant::now() + span;
        let mut asked = 0;
        while Instant::now() < until {
            self.ask(path);
            asked += 1;
        }
        asked
    }

    /// Waits until the server ends the connection.
    pub(crate) fn ends(&mut self) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
    }
}

fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limits.maximum,
        ..limits
    };
    setrlimit(Resource::Nofile, most).unwrap();
}
