//! Modules made up at random: the command and the library say the same of them.

use super::dice::Dice;
use super::library::{Given, Library};
use super::row::{Class, Row};
use arbitrary::Unstructured;
use podhook_sandbox::Profile;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wasm_smith::Config;

/// A thread each: the command is most of it.
const THREADS: usize = 2;

/// Enough for nearly all; what meets it may meet it in one and not in the other.
const TIMEOUT: Duration = Duration::from_millis(500);
const FUEL: u64 = 1_000_000;

pub(crate) fn run(count: usize) -> Vec<String> {
    let mut dice = Dice::new();
    let seeds: Vec<u64> = (0..count).map(|_| dice.number()).collect();
    let parts: Vec<_> = seeds.chunks(count.div_ceil(THREADS).max(1)).collect();
    let found: Vec<Vec<String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|seeds| scope.spawn(move || part(seeds)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let failures = found.concat();
    println!("{count} modules, {} failures", failures.len());
    failures
}

fn part(seeds: &[u64]) -> Vec<String> {
    let library = Library::new(Profile::one_shot());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("smith.wasm");
    let given = Given {
        timeout: TIMEOUT,
        fuel: Some(FUEL),
        ..Given::SUITE
    };
    let mut failures = Vec::new();
    for seed in seeds {
        let Some(bytes) = module(*seed) else {
            continue;
        };
        std::fs::write(&file, &bytes).unwrap();
        let row = Row {
            bytes,
            ..Row::named("smith", Class::Ok)
        };
        let (report, _) = library.run(&row, given);
        let (here, there) = (Class::of(&report), by_command(&file));
        if here.is_none() || here != there {
            let why = report.message.unwrap_or_default();
            failures.push(format!(
                "seed {seed}: {here:?} here ({why}), {there:?} there"
            ));
        }
    }
    failures
}

fn module(seed: u64) -> Option<Vec<u8>> {
    let mut dice = Dice::of(seed);
    let bytes: Vec<u8> = (0..256).flat_map(|_| dice.number().to_le_bytes()).collect();
    let mut chance = Unstructured::new(&bytes);
    let config = Config {
        exports: Some(START.to_vec()),
        max_imports: 0,
        max_memories: 1,
        max_memory32_bytes: 16 << 20,
        ..Config::default()
    };
    let module = wasm_smith::Module::new(config, &mut chance).ok()?;
    Some(module.to_bytes())
}

/// `(module (memory (export "memory") 1) (func (export "_start")))`: what is to be exported.
const START: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x0a\x01\x06_start\0\0\x0a\x04\x01\x02\0\x0b";

fn by_command(file: &Path) -> Option<Class> {
    let status = Command::new(podhook())
        .args(["run", "--timeout", "500ms", "--fuel"])
        .arg(FUEL.to_string())
        .arg(file)
        .env("PODHOOK_CACHE", "")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    Class::of_status(status.code()?)
}

/// Beside the folder that this program is in.
fn podhook() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.parent().unwrap().parent().unwrap().join("podhook")
}
