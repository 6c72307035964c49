//! What only the library shows: code compiled once, runs side by side.

use podhook_ledger::{Account, AccountLimits};
use podhook_lifecycle::{CancelReason, CpuMax, Hook, Invocation, Meter, Outcome, Report, Resource};
use podhook_runner::Runner;
use podhook_sandbox::code::Sources;
use podhook_sandbox::{Cache, Cancel, CodeStore, EventLoop, Module, Profile, Wiring};
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
    Wiring::new(account.clone())
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
    let runner = Runner::new(Profile::pooled(8), next.clone()).unwrap();
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

/// An account that hooks are charged to, with these limits.
fn account(limits: AccountLimits) -> Arc<Account> {
    Arc::new(Account::new(limits))
}

/// Runs hooks side by side on one worker, each for as long as its deadline lets it.
fn side_by_side(calls: Vec<(&str, &[&str], u64, Arc<Account>)>) -> Vec<Report> {
    let runner = Arc::new(Runner::new(Profile::pooled(16), Arc::default()).unwrap());
    let event_loop = EventLoop::new().unwrap();
    let tasks = tokio::task::LocalSet::new();
    event_loop.block_on(tasks.run_until(async {
        let begin = |(path, words, millis, account): (&str, &[&str], u64, Arc<Account>)| {
            let (runner, module, mut call) = (runner.clone(), module(path), call());
            call.hook = Some(Hook::PreStop);
            call.args = words.iter().map(|&word| word.to_owned()).collect();
            call.budget.timeout = Some(Duration::from_millis(millis));
            runner.prepare(&module, &call);
            tokio::task::spawn_local(async move {
                let call = Arc::new(call);
                runner.run("hook", &module, &call, &wiring(&account)).await
            })
        };
        let handles: Vec<_> = calls.into_iter().map(begin).collect();
        let mut reports = Vec::new();
        for handle in handles {
            reports.push(handle.await.unwrap());
        }
        reports
    }))
}

const FOR_EVER: [&str; 2] = ["float", "18446744073709551615"];

#[test]
fn hooks_of_one_worker_share_it_by_weight() {
    let weighing = |weight| {
        account(AccountLimits {
            weight,
            ..AccountLimits::default()
        })
    };
    let hook = |account| (lifecycle::WORKS, &FOR_EVER[..], 1500, account);
    let reports = side_by_side(vec![hook(weighing(100)), hook(weighing(300))]);
    let [light, heavy] = [0, 1].map(|index| reports[index].usage.cpu.usage_nsec as f64);
    // The first was alone for a moment, the last is at the end.
    let ratio = heavy / light / 3.0;
    assert!((0.85..=1.15).contains(&ratio), "{light} to {heavy}");
}

#[test]
fn hooks_of_one_account_share_its_quota_and_its_memory() {
    let shared = account(AccountLimits {
        cpu: CpuMax::of_milli_cpu(200, CpuMax::PERIOD_USEC),
        ..AccountLimits::default()
    });
    let hook = || (lifecycle::WORKS, &FOR_EVER[..], 900, shared.clone());
    let reports = side_by_side(vec![hook(), hook(), hook()]);
    let sum: u64 = reports
        .iter()
        .map(|report| report.usage.cpu.usage_nsec)
        .sum();
    let stat = shared.cpu();
    assert_eq!(stat.usage_nsec, sum);
    assert!(sum <= stat.nr_periods * 20_000_000 + 60_000_000, "{stat:?}");
    assert!(stat.nr_throttled > 0 && stat.throttled_usec > 0, "{stat:?}");
    // Each could have what it asks for alone, which is 9 MiB.
    let shared = account(AccountLimits {
        memory_max: Some(24 << 20),
        ..AccountLimits::default()
    });
    let chase = |times| (lifecycle::WORKS, times, 60_000, shared.clone());
    let one: &[&str] = &["chase", "400"];
    let reports = side_by_side(vec![chase(one), chase(one), chase(one), chase(one)]);
    let killed = Outcome::Exhausted(Resource::Memory);
    let killed = reports
        .iter()
        .filter(|report| report.outcome == killed)
        .count();
    let succeeded = Outcome::Succeeded;
    let succeeded = reports
        .iter()
        .filter(|report| report.outcome == succeeded)
        .count();
    assert!(
        killed >= 1 && succeeded >= 1,
        "{killed} killed, {succeeded} succeeded"
    );
    assert_eq!(
        shared.memory().events.oom_kill,
        u64::try_from(killed).unwrap()
    );
    assert_eq!(shared.memory().current, 0);
}

/// Paused and resumed hundreds of times a second, a guest never misses its deadline, nor
/// the end of its allowance.
#[test]
fn a_guest_that_is_paused_all_the_time_ends_in_time() {
    let hook = |cpus: u64| {
        let shared = account(AccountLimits {
            cpu: CpuMax {
                quota_usec: Some(cpus * 100),
                period_usec: 2000,
            },
            ..AccountLimits::default()
        });
        (lifecycle::WORKS, &FOR_EVER[..], 700, shared)
    };
    let threads: Vec<_> = (1..=4)
        .map(|cpus| {
            std::thread::spawn(move || {
                let (a, b) = (hook(cpus), hook(cpus + 1));
                side_by_side(vec![a, b])
            })
        })
        .collect();
    for thread in threads {
        for report in thread.join().unwrap() {
            assert_eq!(report.outcome, Outcome::Exhausted(Resource::Time));
            let cpu = report.usage.cpu;
            assert!(cpu.nr_throttled > 10, "{cpu:?}");
        }
    }
}

/// Whoever arrives while another computes does not wait for its end, less so where it
/// knocks.
#[test]
fn a_newcomer_goes_first() {
    let runner = Arc::new(Runner::new(Profile::pooled(4), Arc::default()).unwrap());
    let free = account(AccountLimits::default());
    let event_loop = EventLoop::new().unwrap();
    let noop = module(lifecycle::NOOP);
    let works = module(lifecycle::WORKS);
    runner.prepare(&noop, &call());
    runner.prepare(&works, &call());
    let cancel = Cancel::default();
    event_loop.block_on(tokio::task::LocalSet::new().run_until(async {
        let busy = {
            let (runner, mut wiring) = (runner.clone(), wiring(&free));
            wiring.cancel = Some(cancel.clone());
            let mut call = call();
            call.args = FOR_EVER.map(str::to_owned).to_vec();
            call.budget.timeout = None;
            let call = Arc::new(call);
            tokio::task::spawn_local(
                async move { runner.run("busy", &works, &call, &wiring).await },
            )
        };
        let (sender, arrived) = tokio::sync::oneshot::channel();
        let knocking = runner.clone();
        std::thread::spawn(move || {
            sender.send(()).unwrap();
            knocking.knock();
        });
        arrived.await.unwrap();
        let (call, wiring) = (Arc::new(call()), wiring(&free));
        let report = runner.run("noop", &noop, &call, &wiring).await;
        assert_eq!(report.outcome, Outcome::Succeeded);
        assert!(!busy.is_finished(), "it computes for ever");
        cancel.cancel(CancelReason::Terminated);
        let report = busy.await.unwrap();
        assert_eq!(report.outcome, Outcome::Cancelled(CancelReason::Terminated));
    }));
}
