//! A folder of cases, played side by side.

use super::case::Case;
use super::differences::differences;
use super::play::Stage;
use crate::hook_source::HookSource;
use crate::interrupt::Interrupt;
use podhook_lifecycle::Report;
use podhook_runner::{CommandError, Runner};
use podhook_sandbox::{CodeStore, EventLoop, Module, Profile};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};

/// A case, and what came of it.
pub(crate) struct Tried<'c> {
    pub(crate) case: &'c Case,
    pub(crate) report: Report,
    /// What is not as wanted; nothing: it passed.
    pub(crate) differences: Vec<String>,
}

/// All cases below a folder, by name: `NAME/case.yaml`, `NAME.yaml`.
///
/// # Errors
/// 66 where there is no folder, or no case in it; 78 for one that is none.
pub(crate) fn find(folder: &Path, only: Option<&str>) -> Result<Vec<Case>, CommandError> {
    let name = folder.display().to_string();
    let unreadable = |why| CommandError::no_input(&name, why);
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    let hint = "a case is NAME/case.yaml or NAME.yaml in there; see podhook test --help";
    let entries = fs::read_dir(folder).map_err(|why| unreadable(why).hint(hint))?;
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        files.extend(case_at(path));
    }
    files.sort();
    files.retain(|(name, _)| only.is_none_or(|only| name.contains(only)));
    let mut pairs = files.iter().zip(files.iter().skip(1));
    if let Some(((case, one), (_, other))) = pairs.find(|(one, other)| one.0 == other.0) {
        let (one, other) = (one.display(), other.display());
        let why = format!("{one} and {other} are both the case {case:?}");
        return Err(CommandError::config(&name, why).hint("rename one"));
    }
    if files.is_empty() {
        let no = CommandError::no_input(&name, "no case");
        return Err(match only {
            Some(only) => no.hint(format!("none has {only:?} in its name")),
            None => no.hint(hint),
        });
    }
    let cases = files
        .into_iter()
        .map(|(name, file)| Case::open(name, &file));
    cases.collect()
}

fn case_at(path: PathBuf) -> Option<(String, PathBuf)> {
    let below = ["case.yaml", "case.yml", "case.json"].map(|name| path.join(name));
    if let Some(file) = below.into_iter().find(|file| file.is_file()) {
        return Some((path.file_name()?.to_str()?.to_owned(), file));
    }
    let is_case = matches!(path.extension()?.to_str()?, "yaml" | "yml" | "json");
    let name = path.file_stem()?.to_str()?.to_owned();
    (is_case && path.is_file() && !name.starts_with('.')).then_some((name, path))
}

/// Plays cases, so many at a time; `each` is told of them in their order.
///
/// # Errors
/// The first case that could not be played.
pub(crate) fn run<'c>(
    source: &HookSource,
    module: &Module,
    codes: &Arc<CodeStore>,
    interrupt: &Interrupt,
    cases: &'c [Case],
    jobs: usize,
    mut each: impl FnMut(&Tried<'c>) -> Result<(), CommandError>,
) -> Result<Vec<Tried<'c>>, CommandError> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, cases.len().max(1)) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let worker = || work(source, module, codes, interrupt, cases, next, &sender);
                if let Err(why) = worker() {
                    let _ = sender.send((0, Err(why)));
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<Tried<'c>>> = cases.iter().map(|_| None).collect();
        let mut done = Vec::new();
        for (number, tried) in receiver {
            if let Some(place) = waiting.get_mut(number) {
                *place = Some(tried?);
            }
            while let Some(tried) = waiting.get_mut(done.len()).and_then(Option::take) {
                each(&tried)?;
                done.push(tried);
            }
        }
        Ok(done)
    })
}

type Sent<'c> = (usize, Result<Tried<'c>, CommandError>);

fn work<'c>(
    source: &HookSource,
    module: &Module,
    codes: &Arc<CodeStore>,
    interrupt: &Interrupt,
    cases: &'c [Case],
    next: &AtomicUsize,
    done: &Sender<Sent<'c>>,
) -> Result<(), CommandError> {
    let fault = |why: &dyn std::fmt::Display| CommandError::host_fault("podhook test", why);
    let runner = Runner::new(Profile::one_shot(), codes.clone()).map_err(|why| fault(&why))?;
    let event_loop = EventLoop::new().map_err(|why| fault(&why))?;
    let stage = Stage {
        runner: &runner,
        event_loop: &event_loop,
        source,
        module,
        interrupt,
    };
    loop {
        let number = next.fetch_add(1, Relaxed);
        let Some(case) = cases.get(number) else {
            return Ok(());
        };
        let tried = stage.play(case).map(|played| Tried {
            case,
            differences: differences(&case.sheet.expect, &played),
            report: played.report,
        });
        if done.send((number, tried)).is_err() {
            return Ok(());
        }
    }
}
