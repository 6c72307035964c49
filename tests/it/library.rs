//! What only the library shows: code compiled once, runs side by side.

use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{CancelReason, Hook, Invocation, MemoryState, Meter, Outcome, Resource};
use podhook_runner::Runner;
use podhook_sandbox::code::Sources;
use podhook_sandbox::{Cache, Cancel, CodeStore, Module, Profile, Wiring};
use podhook_test_guests::{lifecycle, wasip2, wat};
use std::sync::{Arc, Barrier};
use std::time::Duration;

fn module(path: &str) -> Module {
    Module::new(std::fs::read(path).unwrap()).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn wiring(account: &Arc<Account>) -> Wiring {
    Wiring {
        meter: account.clone(),
        state: Arc::new(MemoryState::default()),
        tee: None,
        cancel: None,
    }
}

fn call() -> Invocation {
    let mut call = Invocation::new(Runner::new_id());
    call.hook = Some(Hook::PostStart);
    call
}

#[test]
fn a_module_is_compiled_once_however_many_ask() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("cache");
    let codes = Arc::new(CodeStore::new(Some(Cache::open(&folder).unwrap())));
    let together = Arc::new(Barrier::new(4));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (codes, together) = (codes.clone(), together.clone());
            std::thread::spawn(move || {
                let runner = Runner::new(Profile::pooled(2), codes).unwrap();
                let module = module(lifecycle::NOOP);
                together.wait();
                runner.prepare(&module, &call());
            })
        })
        .collect();
    workers
        .into_iter()
        .for_each(|worker| worker.join().unwrap());
    let sources = |compiled, disk, memory| Sources {
        compiled,
        disk,
        memory,
    };
    assert_eq!(codes.sources(), sources(1, 0, 3));
    let next = Arc::new(CodeStore::new(Some(Cache::open(&folder).unwrap())));
    let runner = Runner::new(Profile::one_shot(), next.clone()).unwrap();
    runner.prepare(&module(lifecycle::NOOP), &call());
    assert_eq!(next.sources(), sources(0, 1, 0));
}

/// A hundred hooks wait on one thread while another computes until its deadline; all
/// see the end they should.
#[test]
fn many_hooks_run_on_one_worker() {
    let runner = Arc::new(Runner::new(Profile::pooled(128), Arc::default()).unwrap());
    let answers = module(lifecycle::ANSWERS);
    let account = Arc::new(Account::new(AccountLimits::default()));
    let reports = runtime().block_on(async {
        let tasks = tokio::task::LocalSet::new();
        let run = |word: &str, millis| {
            let (runner, module, account) = (runner.clone(), answers.clone(), account.clone());
            let mut call = call();
            call.args = vec![word.to_owned()];
            call.budget.timeout = Some(Duration::from_millis(millis));
            tasks.spawn_local(async move {
                runner
                    .run("answers", &module, &Arc::new(call), &wiring(&account))
                    .await
            })
        };
        let mut handles: Vec<_> = (0..100).map(|_| run("sleep", 400)).collect();
        handles.push(run("spin", 200));
        handles.push(run("ok", 60_000));
        tasks
            .run_until(async {
                let mut reports = Vec::new();
                for handle in handles {
                    reports.push(handle.await.unwrap());
                }
                reports
            })
            .await
    });
    let ended = |outcome| {
        reports
            .iter()
            .filter(|report| report.outcome == outcome)
            .count()
    };
    assert_eq!(ended(Outcome::Exhausted(Resource::Time)), 101);
    assert_eq!(ended(Outcome::Succeeded), 1);
    assert_eq!(account.memory().current, 0, "everything was given back");
    assert!(
        account.memory().peak > 100 << 20,
        "a hundred memories at a time"
    );
    assert!(account.cpu().usage_nsec > 0);
}

/// Told to stop before it began, by somebody who could not know that.
#[test]
fn a_run_that_was_cancelled_before_it_began_does_not_begin() {
    let runner = Runner::new(Profile::one_shot(), Arc::default()).unwrap();
    let account = Arc::new(Account::new(AccountLimits::default()));
    let cancel = Cancel::default();
    cancel.cancel(CancelReason::Terminated);
    let mut wiring = wiring(&account);
    wiring.cancel = Some(cancel);
    let mut call = call();
    call.budget.timeout = None;
    let (spin, call) = (module(wat::SPIN), Arc::new(call));
    let report = runtime().block_on(runner.run("spin", &spin, &call, &wiring));
    assert_eq!(report.outcome, Outcome::Cancelled(CancelReason::Terminated));
}

/// What one run left in a slot, the next does not see; a slot is free again after
/// every kind of end.
#[test]
fn a_slot_is_as_new_after_every_end() {
    let runner = Runner::new(Profile::pooled(1), Arc::default()).unwrap();
    let account = Arc::new(Account::new(AccountLimits {
        memory_max: Some(64 << 20),
        ..AccountLimits::default()
    }));
    let runtime = runtime();
    let run = |path: &str, words: &[&str]| {
        let mut call = call();
        call.hook = None;
        // Only those that never end by themselves meet a deadline.
        let endless = [wat::SPIN, wat::SLEEP].contains(&path);
        call.budget.timeout = endless.then_some(Duration::from_millis(100));
        call.args = std::iter::once("hook")
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect();
        runtime.block_on(runner.run(path, &module(path), &Arc::new(call), &wiring(&account)))
    };
    for _ in 0..3 {
        let ends = [
            run(wat::SPIN, &[]),
            run(wat::GROW, &[]),
            run(wat::UNREACHABLE, &[]),
            run(wat::SLEEP, &[]),
            run(wasip2::EXITS, &["1"]),
            run(wat::RANDOM_FLOOD, &[]),
        ];
        let statuses: Vec<u8> = ends
            .iter()
            .map(|report| report.outcome.exit_status())
            .collect();
        assert_eq!(statuses, [124, 137, 134, 124, 1, 153]);
        assert_eq!(run(wasip2::PRINTS, &["1"]).output.stdout, b"line 000000\n");
        assert_eq!(account.memory().current, 0);
    }
    assert_eq!(account.memory_left(), Some(64 << 20));
}
