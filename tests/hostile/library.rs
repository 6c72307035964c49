//! Hostile guests through the library, all in one process.

use super::place::Place;
use super::row::{Class, Grant, Row};
use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{Access, DirGrant, Invocation, Outcome, Refusal, Report, Resource};
use podhook_runner::{Runner, refuse_file};
use podhook_sandbox::module::digest;
use podhook_sandbox::{CodeStore, EventLoop, Module, Profile, Wiring};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a guest is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    pub(crate) timeout: Duration,
    pub(crate) fuel: Option<u64>,
    pub(crate) disk: u64,
    pub(crate) files: u64,
}

impl Given {
    /// As in the suite: limits that every row meets within its time.
    pub(crate) const SUITE: Self = Self {
        timeout: Duration::from_millis(300),
        fuel: Some(200_000_000),
        disk: 256 << 20,
        files: 10_000,
    };
}

/// A worker, one guest after the other.
pub(crate) struct Library {
    runner: Runner,
    event_loop: EventLoop,
    place: Place,
}

impl Library {
    pub(crate) fn new(profile: Profile) -> Self {
        Self {
            runner: Runner::new(profile, Arc::new(CodeStore::default())).unwrap(),
            event_loop: EventLoop::new().unwrap(),
            place: Place::new(),
        }
    }

    /// The report, and what is wrong with it or with what lies around.
    pub(crate) fn run(&self, row: &Row, given: Given) -> (Report, Result<(), String>) {
        let call = call(row, given, self.place.folder(row));
        let report = match Module::new(row.bytes.clone()) {
            Err(why) => refuse_file(&row.name, digest(&row.bytes), &call, &why),
            Ok(module) => {
                let (call, wiring) = (Arc::new(call), wiring());
                let running = self.runner.run(&row.name, &module, &call, &wiring);
                self.event_loop.block_on(running)
            }
        };
        let around = self.place.judge(row);
        let class = Class::of(&report);
        let judged = match row.allows(class) {
            true => around,
            false => Err(format!(
                "{class:?}, not {:?}: {} {}",
                row.expects,
                report.outcome.as_str(),
                report.message.as_deref().unwrap_or_default()
            )),
        };
        (report, judged.map_err(|why| format!("{}: {why}", row.name)))
    }
}

fn call(row: &Row, given: Given, folder: Option<PathBuf>) -> Invocation {
    let mut call = Invocation::new(Runner::new_id());
    call.budget.timeout = Some(given.timeout);
    call.budget.fuel = given.fuel;
    call.budget.caps.disk = given.disk;
    call.budget.caps.files = given.files;
    call.args = vec![row.name.clone()];
    call.grants.dirs = Vec::from_iter(folder.map(|host| DirGrant {
        host,
        guest: "/data".to_owned(),
        access: match row.grant {
            Grant::ReadOnly | Grant::None => Access::ReadOnly,
            Grant::ReadWrite => Access::ReadWrite,
        },
    }));
    call
}

pub(crate) fn wiring() -> Wiring {
    let limits = AccountLimits {
        memory_max: Invocation::new(Runner::new_id()).budget.memory,
        ..AccountLimits::default()
    };
    Wiring::new(Arc::new(Account::new(limits)))
}

impl Class {
    /// What came of it.
    pub(crate) fn of(report: &Report) -> Option<Self> {
        match report.outcome {
            Outcome::Succeeded => Some(Self::Ok),
            Outcome::Failed(_) => Some(Self::Exit(report.guest_exit_code.unwrap_or(1))),
            Outcome::Trapped => Some(Self::Trap),
            Outcome::Exhausted(Resource::Time | Resource::Fuel) => Some(Self::Deadline),
            Outcome::Exhausted(Resource::Memory) => Some(Self::Oom),
            Outcome::Exhausted(_) => Some(Self::Limit),
            Outcome::Refused(Refusal::InvalidModule) => Some(Self::Invalid),
            Outcome::Refused(Refusal::Policy) | Outcome::Cancelled(_) | Outcome::HostFault => None,
        }
    }
}

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) files: usize,
    pub(crate) threads: usize,
    pub(crate) resident: u64,
}

impl Held {
    pub(crate) fn now() -> Self {
        let entries = |folder| std::fs::read_dir(folder).unwrap().flatten();
        // Of a module that stays linked for the next run.
        let is_image = |entry: &std::fs::DirEntry| {
            let target = std::fs::read_link(entry.path()).unwrap_or_default();
            target.starts_with("/memfd:wasm-memory-image (deleted)")
        };
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            files: entries("/proc/self/fd")
                .filter(|file| !is_image(file))
                .count(),
            threads: entries("/proc/self/task").count(),
            resident: pages * 4096,
        }
    }
}
