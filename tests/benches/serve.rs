//! What `podhook serve` costs over keep-alive HTTP: requests a second with a hook beside
//! the same server answering without one, hooks that sleep by the thousands, and a healthy
//! client among slow ones.
//!
//! The server is the command itself, in a process of its own; the clients are threads of
//! this one, on the same processors. Rounds with and without a hook alternate; figures are
//! medians over rounds, ratios of neighbouring rounds. `--assert` makes the goals binding.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "serve/server.rs"]
mod server;

use podhook_test_guests::{bare, lifecycle, wat};
use server::{Client, Server};
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const SPAN: Duration = Duration::from_millis(400);
const CLIENTS: usize = 32;

const SLEEPERS: usize = 10_000;
const SLEEP: Duration = Duration::from_secs(10);

const SLOW: usize = 2_000;

fn main() {
    if let Some(path) = std::env::args().skip_while(|word| word != "--only").nth(1) {
        return only(&path);
    }
    let asserts = std::env::args().any(|word| word == "--assert");
    let share = throughput();
    let (resident, late) = sleepers();
    println!(
        "{SLEEPERS} sleeping hooks: {} MiB, the last ended {late:.2} s after its sleep",
        resident >> 20
    );
    let p99 = among_slow();
    println!(
        "beside {SLOW} slow clients: p99 {:.2} ms",
        p99.as_secs_f64() * 1e3
    );
    if asserts {
        assert!(share >= 0.6, "under 0.6 of the requests without a hook");
        assert!(resident < 1 << 30, "over 1 GiB");
        assert!(late <= 5.0, "over 5 s late");
        assert!(p99 <= Duration::from_millis(50), "over 50 ms");
    }
}

/// One path for ten seconds, for a profiler: `/healthz`, `/v1/hooks/noop/preStop`.
fn only(path: &str) {
    let server = Server::start(&[("noop", bare::NOOP)], &[]);
    println!(
        "{:.0} requests/s",
        rate(&server, path, Duration::from_secs(10))
    );
}

fn rate(server: &Server, path: &str, span: Duration) -> f64 {
    let served: usize = std::thread::scope(|scope| {
        let client = || scope.spawn(|| server.client().ask_for(path, span));
        let clients: Vec<_> = (0..CLIENTS).map(|_| client()).collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    served as f64 / span.as_secs_f64()
}

/// Requests a second with a hook, as a share of those without. The hook is built without
/// WASI; one with WASI, which has more to link, is shown.
fn throughput() -> f64 {
    let server = Server::start(&[("noop", bare::NOOP), ("wasi", lifecycle::NOOP)], &[]);
    let paths = [
        "/healthz",
        "/v1/hooks/noop/preStop",
        "/v1/hooks/wasi/preStop",
    ];
    let mut rates = paths.map(|_| Vec::new());
    let mut shares = paths.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        let round = paths.map(|path| rate(&server, path, SPAN));
        for (index, rate) in round.into_iter().enumerate() {
            rates[index].push(rate);
            shares[index].push(rate / round[0]);
        }
    }
    let [plain, hooked, wasi] = rates.map(median);
    let [_, share, of_wasi] = shares.map(median);
    println!("without a hook   {plain:>8.0} requests/s");
    println!("with a hook      {hooked:>8.0} requests/s, {share:.3} of those without");
    println!("one with WASI    {wasi:>8.0} requests/s, {of_wasi:.3}");
    share
}

/// Memory of a server with all of them, and how late the last one ended.
fn sleepers() -> (u64, f64) {
    // Connections are shared out to workers before anybody knows what they ask for.
    let concurrent = (SLEEPERS + 200).to_string();
    let timeout = format!("{}s", SLEEP.as_secs());
    let options = [
        "--max-concurrent",
        &concurrent,
        "--timeout",
        &timeout,
        "--max-connections",
        "30000",
    ];
    let server = Server::start(&[("sleep", wat::SLEEP)], &options);
    let began = Instant::now();
    let mut clients: Vec<Client> = (0..SLEEPERS).map(|_| server.client()).collect();
    for client in &mut clients {
        client.send("/v1/hooks/sleep/preStop");
    }
    let asked = began.elapsed();
    server.until_metric("podhook_running", SLEEPERS as f64);
    let resident = server.resident();
    let all_run = Instant::now();
    for client in &mut clients {
        client.ends();
    }
    // The last one began at the latest when all were running.
    let late = all_run.elapsed().as_secs_f64() - SLEEP.as_secs_f64();
    println!("asked {SLEEPERS} in {:.2} s", asked.as_secs_f64());
    (resident, late.max(0.0))
}

/// How long a healthy client waits while others never finish their heads.
fn among_slow() -> Duration {
    let server = Server::start(&[("noop", bare::NOOP)], &["--header-timeout", "60s"]);
    let mut slow: Vec<Client> = (0..SLOW).map(|_| server.client()).collect();
    let mut client = server.client();
    let mut waited = Vec::new();
    for turn in 0..1000 {
        // Each says another byte now and then.
        slow[turn * 2 % SLOW].say(b"G");
        let began = Instant::now();
        client.ask("/v1/hooks/noop/preStop");
        waited.push(began.elapsed());
    }
    waited.sort();
    waited[waited.len() * 99 / 100]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
