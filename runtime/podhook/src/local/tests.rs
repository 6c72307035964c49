//! Containers with real processes. The test executable itself serves as the shim: the
//! shim's word picks the one test that enters it.
//!
//! Nothing here waits for a fixed time where it can look instead.

use super::*;
use rustix::process::getpid;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

mod ends;
mod files;
mod hooks;
mod main_process;

const PATIENCE: Duration = Duration::from_secs(30);

/// In the shim's process this is all that runs; anywhere else it does nothing.
#[test]
fn __container_serves_where_it_was_asked_to() {
    if enter().is_some() {
        std::process::exit(0);
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = runtime
        .unwrap()
        .block_on(async { tokio::time::timeout(PATIENCE, test).await });
    done.expect("the test hangs")
}

fn me() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn here(executable: &Path) -> Surroundings<'_> {
    Surroundings {
        executable,
        folder: Path::new("/"),
        hostname: "pod",
        isolate: false,
        volumes: &[],
        on_line: None,
    }
}

fn command(argv: &[&str]) -> Command {
    Command {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        ..Command::default()
    }
}

fn sh(script: &str) -> Command {
    command(&["sh", "-c", script])
}

/// A command whose processes can be found: they all have it in their environment.
fn marked(script: &str) -> (Command, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mark = format!(
        "{}-{}",
        getpid().as_raw_nonzero(),
        NEXT.fetch_add(1, Relaxed)
    );
    let mut command = sh(script);
    command
        .env
        .push(("PODHOOK_MARK".into(), format!("<{mark}>")));
    (command, mark)
}

/// How many processes have the mark.
fn living(mark: &str) -> usize {
    let wanted = format!("PODHOOK_MARK=<{mark}>");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let environments = entries.filter_map(|entry| fs::read(entry.path().join("environ")).ok());
    let found = |env: &Vec<u8>| {
        env.split(|byte| *byte == 0)
            .any(|var| var == wanted.as_bytes())
    };
    environments.filter(found).count()
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn start(command: &Command) -> LocalContainer {
    LocalContainer::start(command, here(&me())).await.unwrap().0
}

/// A container that runs until it is told to end.
async fn sleeper() -> LocalContainer {
    start(&command(&["sleep", "1000"])).await
}

async fn exec(container: &LocalContainer, script: &str) -> ExecResult {
    container.exec(&sh(script), || ()).await
}

fn exited(result: ExecResult) -> (i32, Output) {
    let ExecResult::Exited { code, output } = result else {
        panic!("{result:?}");
    };
    (code, output)
}

fn cannot_start(result: ExecResult) -> String {
    let ExecResult::CannotStart(why) = result else {
        panic!("{result:?}");
    };
    why
}

async fn stdout(container: &LocalContainer, script: &str) -> String {
    let (_, output) = exited(exec(container, script).await);
    String::from_utf8(output.stdout).unwrap()
}

/// Starts and hands on what the main process prints.
async fn listened(command: &Command) -> (LocalContainer, mpsc::Receiver<(Stream, String)>) {
    let (sender, lines) = mpsc::channel();
    let on_line: OnLine = Box::new(move |stream, line| {
        let _ = sender.send((stream, String::from_utf8_lossy(line).into_owned()));
    });
    let executable = me();
    let surroundings = Surroundings {
        on_line: Some(on_line),
        ..here(&executable)
    };
    let started = LocalContainer::start(command, surroundings).await;
    (started.unwrap().0, lines)
}

async fn line(lines: &mpsc::Receiver<(Stream, String)>) -> (Stream, String) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match lines.try_recv() {
            Ok(line) => return line,
            Err(_) => assert!(Instant::now() < deadline, "no line"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
