//! Nothing outlives a container, and no container outlives podhook.

use super::*;
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Stdio};

/// Names the folder in which [`standin`] leaves word.
const STANDIN: &str = "PODHOOK_STANDIN";

/// What a script does to be hard to end.
const STUBBORN: &str = "trap '' TERM INT HUP; setsid sh -c 'trap \"\" TERM; sleep 1000 & wait' & \
    (setsid sleep 1000 &) ; sh -c 'sleep 1000 & sleep 1000' & while :; do sleep 1000; done";

/// In a process of its own this is podhook: it has a container and waits.
#[test]
fn standin() {
    let Some(folder) = std::env::var_os(STANDIN).map(PathBuf::from) else {
        return;
    };
    run(async {
        let (command, mark) = marked(STUBBORN);
        let mut surroundings = here(Path::new("/proc/self/exe"));
        surroundings.isolate = true;
        let (container, isolation, _) =
            LocalContainer::start(&command, surroundings).await.unwrap();
        let (hook, _) = marked("sleep 1000");
        until("all of it runs", || living(&mark) >= 8).await;
        fs::write(folder.join("mark.new"), format!("{mark}\n{isolation:?}")).unwrap();
        fs::rename(folder.join("mark.new"), folder.join("mark")).unwrap();
        container.exec(&hook, || ()).await;
    });
}

async fn podhook(folder: &Path, wrap: &[&str], executable: &Path) -> (Child, String, String) {
    let name = "local::tests::ends::standin";
    let mut words = wrap.iter().map(Path::new).chain([executable]);
    let mut command = std::process::Command::new(words.next().unwrap());
    let command = command
        .args(words)
        .args([name, "--exact"])
        .env(STANDIN, folder);
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    let word = folder.join("mark");
    until("the stand-in", || word.exists()).await;
    let word = fs::read_to_string(word).unwrap();
    let (mark, isolation) = word.split_once('\n').unwrap();
    (child, mark.to_owned(), isolation.to_owned())
}

#[test]
fn podhook_killed_leaves_no_process() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (mut podhook, mark, _) = podhook(folder.path(), &[], &me()).await;
        assert!(living(&mark) >= 8);
        podhook.kill().unwrap();
        podhook.wait().unwrap();
        until("no process", || living(&mark) == 0).await;
    });
}

/// A copy of this executable, where anybody can execute it.
fn public_copy(folder: &Path) -> PathBuf {
    let copy = folder.join("podhook");
    fs::copy(me(), &copy).unwrap();
    for file in [folder, &copy] {
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    }
    copy
}

#[test]
fn without_root_it_works_the_same_and_says_so() {
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let can = std::process::Command::new(nobody[0])
        .args(&nobody[1..])
        .arg("true")
        .status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: setpriv cannot become nobody");
        return;
    }
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let copy = public_copy(folder.path());
        let (mut podhook, mark, isolation) = podhook(folder.path(), &nobody, &copy).await;
        assert_eq!(isolation, r#"None("podhook is not root")"#);
        podhook.kill().unwrap();
        podhook.wait().unwrap();
        until("no process", || living(&mark) == 0).await;
    });
}

#[test]
fn a_dropped_container_is_gone() {
    run(async {
        let (command, mark) = marked(STUBBORN);
        let container = start(&command).await;
        until("all of it runs", || living(&mark) >= 8).await;
        drop(container);
        until("no process", || living(&mark) == 0).await;
    });
}

#[test]
fn a_killed_container_is_gone_when_its_end_is_told() {
    run(async {
        let (command, mark) = marked(STUBBORN);
        let container = start(&command).await;
        until("all of it runs", || living(&mark) >= 8).await;
        container.kill();
        assert_eq!(container.wait().await, 137);
        assert_eq!(living(&mark), 0);
    });
}

#[test]
fn a_daemon_ends_with_the_main_process() {
    run(async {
        let daemon = "setsid sh -c 'setsid sleep 1000 </dev/null >/dev/null 2>&1 &' ; exit 0";
        let (command, mark) = marked(&format!("{daemon} & wait; sleep 0.2; exit 3"));
        let container = start(&command).await;
        assert_eq!(container.wait().await, 3);
        assert_eq!(living(&mark), 0);
    });
}

/// A script whose processes each start one successor, in a session of its own, and end:
/// as many live at any time as were started, and only for so many generations. Forking
/// without a bound has no place in a test.
const RELAY: &str = "[ $2 -gt 0 ] && setsid sh -c \"$1\" - \"$1\" $(($2 - 1)) & sleep 0.01";

#[test]
fn a_crowd_in_one_group_ends_with_the_main_process() {
    run(async {
        // 2^9 - 1 processes, and as many that sleep.
        let tree =
            "f() { if [ $1 -gt 0 ]; then f $(($1 - 1)) & f $(($1 - 1)) & fi; sleep 1000; }; f 8";
        let (command, mark) = marked(&format!(
            "({tree}) & while ! [ -e \"$STOP\" ]; do sleep 0.05; done; exit 8"
        ));
        let folder = tempfile::tempdir().unwrap();
        let stop = folder.path().join("stop");
        let mut command = command;
        command
            .env
            .push(("STOP".into(), stop.to_str().unwrap().into()));
        let container = start(&command).await;
        until("a crowd", || living(&mark) > 900).await;
        fs::write(stop, "").unwrap();
        assert_eq!(container.wait().await, 8);
        assert_eq!(living(&mark), 0);
    });
}

#[test]
fn processes_that_change_all_the_time_are_caught() {
    run(async {
        let begin = "for n in 1 2 3 4 5 6 7 8; do sh -c \"$RELAY\" - \"$RELAY\" 3000 & done; sleep 0.5; exit 8";
        let (mut command, mark) = marked(begin);
        command.env.push(("RELAY".into(), RELAY.into()));
        let container = start(&command).await;
        assert_eq!(container.wait().await, 8);
        assert_eq!(living(&mark), 0);
    });
}

#[test]
fn orphans_are_waited_for() {
    run(async {
        let (container, _, main) = LocalContainer::start(&command(&["sleep", "1000"]), here(&me()))
            .await
            .unwrap();
        exec(
            &container,
            "for n in 1 2 3 4 5; do (sleep 0.05 >/dev/null 2>&1 &); done",
        )
        .await;
        let all = super::super::processes::all;
        let main = i32::try_from(main).unwrap();
        let parent = |pid| {
            all()
                .iter()
                .find(|process| process.pid.as_raw_nonzero().get() == pid)
                .unwrap()
                .parent
        };
        let shim = parent(main);
        until("one child", || {
            all()
                .iter()
                .filter(|process| process.parent == shim)
                .count()
                == 1
        })
        .await;
    });
}

#[test]
fn a_killed_shim_leaves_no_process() {
    run(async {
        let (command, mark) = marked("sleep 1000 & sleep 1000");
        let (container, _, main) = LocalContainer::start(&command, here(&me())).await.unwrap();
        until("both run", || living(&mark) == 3).await;
        let all = super::super::processes::all();
        let main = all
            .iter()
            .find(|process| process.pid.as_raw_nonzero().get().unsigned_abs() == main);
        kill_process(Pid::from_raw(main.unwrap().parent).unwrap(), Signal::KILL).unwrap();
        assert_eq!(container.wait().await, 137);
        assert_eq!(living(&mark), 0);
    });
}
