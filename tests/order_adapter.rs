//! Puts next to each other what podhook-exec calls: writes `runtime/exec/order.ld`.
//!
//! The kernel maps a program in windows of 64 KiB, when one is first touched. What a hook
//! needs of podhook-exec is a sixth of it; scattered as a linker does, it touches nearly
//! every window, and mapping and unmapping them was an eighth of what a hook costs.
//!
//! Builds the adapter, runs hooks step by step, and looks up in the linker's map which
//! section each step was in. Names hold until versions change, names without their hashes
//! until code does, but they are those of too many functions: half of what is gained. Run it
//! again before a release. Takes some minutes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

#[path = "shipped.rs"]
mod shipped;

use clap::Parser;
use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use podhook_host::Cli;
use podhook_test_guests::{bare, lifecycle, wasip2};
use shipped::{TARGET, built};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

const HEAD: &str = "\
/* What a hook calls, in the order of the first calls. Written by
   `cargo run --release --example order_adapter`. */
SECTIONS
{
  .text.called :
  {
";

fn main() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map");
    let adapter = build(&map);
    let sections = Sections::read(&std::fs::read_to_string(map).unwrap());
    let mut called = Called::default();
    let mut windows = BTreeSet::new();
    let config: &[&str] = &["--config", "seconds=5"];
    let nothing: &[&str] = &[];
    for (module, options) in [
        (bare::READS_CONFIG, config),
        (lifecycle::READS_CONFIG, config),
        (wasip2::PRINTS, nothing),
    ] {
        let hook = folder.path().join("hook.cwasm");
        compile(module, &hook);
        step_through(&adapter, options, &hook, |address| {
            windows.insert(address >> 16);
            if let Some(section) = sections.at(address) {
                called.add(section);
            }
        });
    }
    let order = repository.join("runtime/exec/order.ld");
    std::fs::write(&order, called.script()).unwrap();
    let functions = called.order.len();
    let windows = windows.len();
    println!("{functions} functions are called; they and the hooks lay in {windows} windows");
}

/// The adapter as it is shipped, and the linker's map of it.
fn build(map: &Path) -> PathBuf {
    let map = format!("link-arg=-Map={}", map.display());
    let what = [
        "--profile",
        "adapter",
        "--package",
        "podhook-exec",
        "--features",
        "shipped",
    ];
    let how = [
        "--target",
        TARGET,
        "--message-format=json",
        "--",
        "-C",
        &map,
    ];
    built(&[&["rustc", "--locked"], &what[..], &how].concat())
}

fn compile(module: &str, to: &Path) {
    let words = ["podhook", "compile", module, "-o"].map(OsString::from);
    let words = words.into_iter().chain([to.as_os_str().to_owned()]);
    let status = podhook_host::run(Cli::parse_from(words));
    assert_eq!(status, ExitCode::SUCCESS, "{module}");
}

/// Of a program, where each section of its object files came to lie.
struct Sections(BTreeMap<u64, String>);

impl Sections {
    /// From a map of lld's: lines of an address, three more numbers, and `FILE:(SECTION)`.
    fn read(map: &str) -> Self {
        let sections = map.lines().filter_map(|line| {
            let address = u64::from_str_radix(line.split_whitespace().next()?, 16).ok()?;
            let section = line.rsplit_once(":(")?.1.strip_suffix(')')?;
            let is_code = section.starts_with(".text.");
            is_code.then(|| (address, section.to_owned()))
        });
        Self(sections.collect())
    }

    fn at(&self, address: u64) -> Option<&str> {
        Some(self.0.range(..=address).next_back()?.1)
    }
}

/// The sections that were called.
#[derive(Default)]
struct Called {
    known: BTreeSet<String>,
    order: Vec<String>,
}

impl Called {
    fn add(&mut self, section: &str) {
        if self.known.insert(section.to_owned()) {
            self.order.push(section.to_owned());
        }
    }

    /// By their names, and then all that differ from those by hashes alone.
    fn script(&self) -> String {
        let mut known = BTreeSet::new();
        let alike = self.order.iter().map(|section| without_hashes(section));
        let alike: Vec<String> = alike.filter(|name| known.insert(name.clone())).collect();
        let mut script = HEAD.to_owned();
        for name in self.order.iter().chain(&alike) {
            writeln!(script, "    *({name})").unwrap();
        }
        script.push_str("  }\n}\nINSERT BEFORE .text;\n");
        script
    }
}

/// Both manglings tell crates and instances apart by hashes, which change with versions.
fn without_hashes(section: &str) -> String {
    let section = section.split(".llvm.").next().unwrap();
    if let Some((name, hash)) = section.rsplit_once("17h")
        && hash.ends_with('E')
        && hash.len() == 17
    {
        return format!("{name}17h*E*");
    }
    let mut pattern = String::new();
    let mut rest = section;
    while let Some((before, crate_name)) = rest.split_once("Cs") {
        let is_hash = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric());
        match crate_name.split_once('_') {
            Some((hash, after)) if is_hash(hash) => {
                pattern.extend([before, "Cs*_"]);
                rest = after;
            }
            _ => {
                pattern.extend([before, "Cs"]);
                rest = crate_name;
            }
        }
    }
    pattern + rest
}

/// Calls `at` with the address of every instruction that a program carries out, to its end.
#[allow(unsafe_code, clippy::zombie_processes)]
fn step_through(program: &Path, options: &[&str], hook: &Path, mut at: impl FnMut(u64)) {
    let mut command = Command::new(program);
    command.args(options).arg(hook).stdout(Stdio::null());
    // SAFETY: one system call.
    unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
    let child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    while let WaitStatus::Stopped(_, signal) = waitpid(pid, None).unwrap() {
        at(ptrace::getregs(pid).unwrap().rip);
        let passed_on = (signal != nix::sys::signal::Signal::SIGTRAP).then_some(signal);
        ptrace::step(pid, passed_on).unwrap();
    }
}
