//! `podhook serve` in a process of its own, asked over one connection.

use super::samples::Samples;
use super::status::of_status;
use super::subject::Subject;
use super::way::Way;
use podhook_lifecycle::{Hook, ModuleKind};
use podhook_runner::options::HookOptions;
use serde_json::{Map, Value};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Requests that only warm the processor's caches.
const WARMING: usize = 10;

/// Requests measured in a turn.
const BATCH: u32 = 10;

/// The server, and a connection to it.
pub(super) struct Served {
    child: Child,
    connection: BufReader<TcpStream>,
    request: String,
}

impl Served {
    pub(super) fn start(subject: &Subject, workshop: &Path) -> Result<Self, String> {
        let shown = |why: std::io::Error| format!("podhook serve: {why}");
        let hooks = workshop.join("hooks");
        fs::create_dir_all(&hooks).map_err(shown)?;
        fs::write(hooks.join("hook.wasm"), subject.module.bytes()).map_err(shown)?;
        let config = workshop.join("serve.json");
        let settings = serde_json::json!({"hooks": {"hook": settings(&subject.options)}});
        fs::write(&config, settings.to_string()).map_err(shown)?;
        let mut command = Command::new("/proc/self/exe");
        command.args(["serve", "--listen", "127.0.0.1:0", "--hooks"]);
        command.arg(&hooks).arg("--config").arg(&config);
        command.env("PODHOOK_CACHE", workshop.join("cache"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().map_err(shown)?;
        let address = address(&mut child);
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            return Err("podhook serve did not start".to_owned());
        };
        let path = match (subject.module.kind(), subject.phase()) {
            (ModuleKind::Http, _) => {
                let path = subject.options.http_get.as_deref().unwrap_or("/");
                format!("/v1/http/hook{path}")
            }
            (_, Some(Hook::PostStart)) => "/v1/hooks/hook/postStart".to_owned(),
            (_, _) => "/v1/hooks/hook/preStop".to_owned(),
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let connected = TcpStream::connect(address);
        let stream = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        let stream = stream.map_err(|why| {
            let _ = child.kill();
            let _ = child.wait();
            shown(why)
        })?;
        Ok(Self {
            child,
            connection: BufReader::new(stream),
            request,
        })
    }

    /// One request; how long its answer took.
    fn ask(&mut self) -> Result<Duration, String> {
        let lost = |why: std::io::Error| format!("podhook serve: {why}");
        let began = Instant::now();
        let stream = self.connection.get_mut();
        stream.write_all(self.request.as_bytes()).map_err(lost)?;
        let mut line = String::new();
        self.connection.read_line(&mut line).map_err(lost)?;
        let is_good = line.starts_with("HTTP/1.1 2") || line.starts_with("HTTP/1.1 3");
        if !is_good || !line.ends_with('\n') {
            return Err("the hook failed: see `podhook run` with the same options".to_owned());
        }
        let mut body = 0;
        loop {
            line.clear();
            self.connection.read_line(&mut line).map_err(lost)?;
            let field = line.trim_end().to_ascii_lowercase();
            match field.strip_prefix("content-length:") {
                Some(length) => body = length.trim().parse().unwrap_or(0),
                None if field.is_empty() => break,
                None => {}
            }
        }
        let read = std::io::copy(&mut (&mut self.connection).take(body), &mut std::io::sink());
        read.map_err(lost)?;
        Ok(began.elapsed())
    }

    /// CPU time of all its threads.
    fn spent(&self) -> Duration {
        let tasks = format!("/proc/{}/task", self.child.id());
        let tasks = fs::read_dir(tasks).into_iter().flatten().flatten();
        let of_task = |task: fs::DirEntry| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        };
        Duration::from_nanos(tasks.filter_map(of_task).sum())
    }
}

impl Way for Served {
    fn run(&mut self, samples: &mut Samples) -> Result<(), String> {
        for _ in 0..WARMING {
            self.ask()?;
        }
        let before = self.spent();
        for _ in 0..BATCH {
            let took = self.ask()?;
            samples.wall(took);
        }
        samples.cpu(self.spent().saturating_sub(before) / BATCH);
        samples.peak(of_status(self.child.id(), "VmHWM:").unwrap_or(0));
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it says that it listens; what else it says is read and left.
fn address(child: &mut Child) -> Option<SocketAddr> {
    let mut log = BufReader::new(child.stdout.take()?);
    let mut line = String::new();
    log.read_line(&mut line).ok()?;
    let address = line.trim().rsplit('=').next()?.parse().ok()?;
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    Some(address)
}

/// The hook's options, as the server's configuration has them.
fn settings(options: &HookOptions) -> Value {
    let mut of_server = options.clone();
    (of_server.phase, of_server.http_get) = (None, None);
    of_server.headers.clear();
    of_server.cgroup = podhook_runner::options::CgroupOptions::default();
    let mut settings = Map::new();
    if !of_server.args.is_empty() {
        settings.insert(
            "args".to_owned(),
            std::mem::take(&mut of_server.args).into(),
        );
    }
    let mut words = of_server.words().into_iter().peekable();
    while let Some(word) = words.next() {
        let name = word.to_string_lossy().trim_start_matches("--").to_owned();
        if name == "allow-signal" {
            settings.insert(name, true.into());
            continue;
        }
        let value = words.next().unwrap_or_default();
        let values = settings
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.to_string_lossy().into_owned().into());
        }
    }
    Value::Object(settings)
}
