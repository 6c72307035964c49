//! Every guest once, in both profiles, and what the host holds after each.

use super::library::{Given, Held, Library};
use super::row::{Class, Residue, Row};
use podhook_sandbox::Profile;
use std::time::Duration;

/// Bytes that all guests together may make this process larger by.
const GROWTH: u64 = 64 << 20;

pub(crate) fn run(rows: &[Row]) -> Vec<String> {
    let mut failures = Vec::new();
    // One slot: a reader is in the writers'. Several: components have room.
    for profile in [Profile::one_shot(), Profile::pooled(1), Profile::pooled(4)] {
        let library = Library::new(profile);
        // What is made once is no leak: threads, caches, the first pages of everything.
        for row in rows.iter().take(2) {
            let _ = library.run(row, Given::SUITE);
        }
        let before = Held::now();
        for row in rows {
            // Every slot is written to before anybody looks.
            // What a compiler takes here stays with the allocator: podhook gives it a process
            // of its own.
            let growth = if is_costly(row) { u64::MAX } else { GROWTH };
            let times = if row.residue == Some(Residue::Leaves) {
                8
            } else {
                1
            };
            for _ in 0..times {
                let judged = judged(&library, row);
                let held = settled(before);
                let judged = judged.and_then(|()| back_at(before, held, &row.name, growth));
                failures.extend(judged.err().map(|why| format!("{profile:?}: {why}")));
            }
        }
        drop(library);
    }
    println!("{} guests, {} failures", rows.len(), failures.len());
    failures
}

/// On a busy machine a guest may not come to its own end in time: once more, with more of it.
fn judged(library: &Library, row: &Row) -> Result<(), String> {
    let (report, judged) = library.run(row, Given::SUITE);
    if judged.is_ok() || Class::of(&report) != Some(Class::Deadline) {
        return judged;
    }
    let patient = Given {
        timeout: Duration::from_secs(10),
        ..Given::SUITE
    };
    library.run(row, patient).1
}

/// Threads that were woken take a moment to go.
fn settled(before: Held) -> Held {
    for _ in 0..2000 {
        let held = Held::now();
        if held.files <= before.files && waiting_for_files() == 0 {
            return held;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Held::now()
}

/// Threads inside of a call that opens a file.
fn waiting_for_files() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let calls = threads.flatten().filter_map(|thread| {
        let call = std::fs::read_to_string(thread.path().join("syscall")).ok()?;
        call.split(' ').next()?.parse::<i64>().ok()
    });
    // open, openat, openat2 on x86-64.
    calls.filter(|call| [2, 257, 437].contains(call)).count()
}

fn is_costly(row: &Row) -> bool {
    row.bytes.len() > 50_000
}

fn back_at(before: Held, held: Held, name: &str, growth: u64) -> Result<(), String> {
    if held.files > before.files {
        return Err(format!(
            "{name}: {} open files, {} before",
            held.files, before.files
        ));
    }
    if waiting_for_files() > 0 {
        return Err(format!("{name}: a thread waits for a file still"));
    }
    match held.resident > before.resident.saturating_add(growth) {
        true => Err(format!(
            "{name}: {} bytes resident, {} before",
            held.resident, before.resident
        )),
        false => Ok(()),
    }
}
