//! Guests in any order, for long: what a host holds after as many.

use super::dice::Dice;
use super::library::{Given, Held, Library};
use super::row::{Class, Row};
use podhook_sandbox::Profile;
use std::time::{Duration, Instant};

/// Runs before anything is compared: by then all that is made once is there.
const WARMING: usize = 1_000;

const GROWTH: u64 = 16 << 20;

/// Short, so that many fit into an hour.
const GIVEN: Given = Given {
    timeout: Duration::from_millis(20),
    fuel: Some(2_000_000),
    disk: 4 << 20,
    files: 200,
};

pub(crate) fn run(rows: &[Row], runs: usize) -> Vec<String> {
    let mut dice = Dice::new();
    let library = Library::new(Profile::pooled(4));
    // Those are judged with the time they need by the suite; here most meet a limit first.
    let is_in_time = |row: &&Row| row.bytes.len() < 50_000;
    let rows: Vec<Row> = rows.iter().filter(is_in_time).cloned().collect();
    let rows: Vec<Row> = rows.into_iter().map(may_be_cut_short).collect();
    let mut failures = Vec::new();
    let mut before = Held::now();
    for at in 0..runs + WARMING {
        if at == WARMING {
            before = Held::now();
        }
        let (_, judged) = library.run(dice.pick(&rows), GIVEN);
        failures.extend(judged.err());
    }
    let after = idle(before);
    println!("{runs} runs, {} failures", failures.len());
    println!("before {before:?}\nafter  {after:?}");
    if after.files > before.files || after.threads > before.threads {
        failures.push("files or threads are left".to_owned());
    }
    if after.resident > before.resident + GROWTH {
        failures.push("it has grown".to_owned());
    }
    failures
}

/// Once threads that have nothing to do have gone, which they do after ten seconds.
fn idle(before: Held) -> Held {
    let until = Instant::now() + Duration::from_secs(30);
    while Held::now().threads > before.threads && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
    }
    Held::now()
}

fn may_be_cut_short(mut row: Row) -> Row {
    if !row.expects.contains(&Class::Deadline) {
        row.expects.push(Class::Deadline);
    }
    row
}

/// How late a loop without end is ended.
pub(crate) fn deadlines(runs: usize) -> Vec<String> {
    let spin = wat::parse_str(
        "(module (func (export \"_start\") (loop br 0)) (memory (export \"memory\") 1))",
    );
    let row = Row {
        bytes: spin.unwrap(),
        ..super::row::Row::named("spins", Class::Deadline)
    };
    let library = Library::new(Profile::pooled(4));
    let timeout = Duration::from_millis(5);
    let given = Given {
        timeout,
        fuel: None,
        ..GIVEN
    };
    let mut failures = Vec::new();
    let mut late: Vec<Duration> = Vec::new();
    for _ in 0..runs {
        let (report, judged) = library.run(&row, given);
        failures.extend(judged.err());
        late.push(report.took.saturating_sub(timeout));
    }
    late.sort();
    let quantile = |per_mille: usize| late[(late.len() * per_mille / 1000).min(late.len() - 1)];
    println!(
        "{runs} deadlines of {timeout:?}: late by p50 {:?}, p99 {:?}, at most {:?}",
        quantile(500),
        quantile(990),
        late[late.len() - 1]
    );
    if quantile(990) > Duration::from_millis(50) {
        failures.push("deadlines come late".to_owned());
    }
    failures
}
