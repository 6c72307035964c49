//! The machine's processes as `/proc` shows them: who is whose child.
//!
//! Only looks. A process can be gone, or have new children, before the list is read.

use rustix::process::Pid;
use std::collections::HashMap;
use std::fs;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: Pid,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
    /// Ended, and not yet waited for.
    pub(super) dead: bool,
}

/// All of them; empty where `/proc` cannot be read.
pub(super) fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| fs::read(format!("/proc/{pid}/stat")).ok())
        .filter_map(|stat| parse(&String::from_utf8_lossy(&stat)))
        .collect()
}

/// Those of `all` below `root`, parents first.
pub(super) fn below(root: Pid, all: &[Process]) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<&Process>> = HashMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut next = vec![root.as_raw_nonzero().get()];
    while let Some(parent) = next.pop() {
        // Taken out: a list read while it changes may have circles.
        let born = children.remove(&parent).unwrap_or_default();
        next.extend(born.iter().map(|child| child.pid.as_raw_nonzero().get()));
        found.extend(born.into_iter().cloned());
    }
    found
}

/// A line of `/proc/PID/stat`; the name in parentheses may itself hold any of it.
fn parse(stat: &str) -> Option<Process> {
    let (pid, _) = stat.split_once(' ')?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let mut number = || fields.next()?.parse::<i32>().ok();
    Some(Process {
        pid: Pid::from_raw(pid.parse().ok()?)?,
        parent: number()?,
        group: number()?,
        session: number()?,
        dead: matches!(state, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> Process {
        parse(&format!("{pid} (sh) S {parent} {pid} 1 0 -1 4194560 1 2")).unwrap()
    }

    #[test]
    fn a_name_cannot_forge_fields() {
        let found = parse("12 (a) Z 1 1 (b) Z 7 8 9 0 -1").unwrap();
        assert_eq!((found.parent, found.group, found.session), (7, 8, 9));
        assert!(found.dead);
    }

    #[test]
    fn what_is_no_stat_line_is_none() {
        for line in [
            "",
            "x",
            "12 (a",
            "12 (a) S",
            "12 (a) S x y z",
            "0 (a) S 1 1 1",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn below_is_the_whole_tree_and_not_its_root() {
        let all = [process(5, 4), process(4, 3), process(3, 2), process(9, 1)];
        let found = below(Pid::from_raw(3).unwrap(), &all);
        assert_eq!(found, [process(4, 3), process(5, 4)]);
    }

    #[test]
    fn circles_end() {
        let all = [process(5, 4), process(4, 5)];
        assert_eq!(below(Pid::from_raw(5).unwrap(), &all).len(), 2);
    }

    #[test]
    fn this_process_is_among_all() {
        let me = rustix::process::getpid();
        assert!(all().iter().any(|process| process.pid == me));
    }
}
