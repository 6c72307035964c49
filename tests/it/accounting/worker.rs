//! Peak memory of a command, as the kernel has it of a process's children: so a process
//! is needed that has no other, which is this test once more.

use crate::podhook::command;
use nix::sys::resource::{UsageWho, getrusage};
use std::process::{Command, Stdio};

const WORDS: &str = "PODHOOK_TEST_PEAK_OF";

/// Resident bytes at most of podhook with these words, which exits with `status`.
pub(super) fn peak_of(words: &[&str], status: i32) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "accounting::worker::measures",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(WORDS, words.join("\n"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.strip_prefix("peak: "));
    let mut numbers = line.unwrap_or_else(|| panic!("{text}")).split(' ');
    let mut number = || numbers.next().unwrap().parse::<u64>().unwrap();
    assert_eq!(number(), u64::try_from(status).unwrap(), "{text}");
    number()
}

/// Does nothing but where [`peak_of`] started it.
#[test]
fn measures() {
    let Ok(words) = std::env::var(WORDS) else {
        return;
    };
    // Once for the cache of compiled code.
    for _ in 0..2 {
        let mut podhook = command();
        podhook
            .args(words.lines())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = podhook.status().unwrap().code().unwrap();
        let kibibytes = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
        eprintln!("peak: {status} {}", kibibytes * 1024);
    }
}
