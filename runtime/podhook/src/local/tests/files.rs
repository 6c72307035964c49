//! The overlay: what a container writes is seen by its hooks and stays nowhere.

use super::*;
use rustix::process::geteuid;

fn skipped() -> bool {
    let skip = !geteuid().is_root();
    if skip {
        eprintln!("skipped: an overlay needs root");
    }
    skip
}

/// None, with a note, where this machine does not allow an overlay.
async fn isolated(command: &Command, folder: &Path) -> Option<LocalContainer> {
    let executable = me();
    let surroundings = Surroundings {
        isolate: true,
        folder,
        ..here(&executable)
    };
    match LocalContainer::start(command, surroundings).await.unwrap() {
        (container, Isolation::Overlay, _) => Some(container),
        (_, Isolation::None(why), _) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

fn name(kind: &str) -> String {
    format!("podhook-test-{kind}-{}", getpid().as_raw_nonzero())
}

#[test]
fn what_it_writes_its_hooks_see_and_the_machine_does_not() {
    if skipped() {
        return;
    }
    run(async {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("there"), "before").unwrap();
        let script = "echo main > new; echo changed > there; exec sleep 1000";
        let Some(container) = isolated(&sh(script), folder.path()).await else {
            return;
        };
        while stdout(&container, "cat there").await != "changed\n" {}
        assert_eq!(
            stdout(&container, "cat new; rm there; ls").await,
            "main\nnew\n"
        );
        assert_eq!(
            fs::read_to_string(folder.path().join("there")).unwrap(),
            "before"
        );
        assert!(!folder.path().join("new").exists());
    });
}

#[test]
fn every_place_can_be_written_and_none_keeps_it() {
    if skipped() {
        return;
    }
    run(async {
        let Some(container) = isolated(&command(&["sleep", "1000"]), Path::new("/")).await else {
            return;
        };
        for place in [
            "/etc",
            "/usr/share",
            "/tmp",
            "/run",
            "/var/tmp",
            "/dev/shm",
            "/root",
            "/",
        ] {
            let file = format!("{place}/{}", name("place"));
            let said = stdout(&container, &format!("echo x > {file} && cat {file} 2>&1")).await;
            assert_eq!(said, "x\n", "{file}");
            assert!(!Path::new(&file).exists(), "{file}");
        }
    });
}

#[test]
fn devices_and_the_kernels_views_work() {
    if skipped() {
        return;
    }
    run(async {
        let Some(container) = isolated(&command(&["sleep", "1000"]), Path::new("/")).await else {
            return;
        };
        let script = "echo x > /dev/null && head -c 3 /dev/zero | wc -c; test -d /proc/1 && ls /sys/class >/dev/null && echo ok; \
            stat -c %a /tmp; value=$(cat /proc/sys/kernel/sysrq); echo $value > /proc/sys/kernel/sysrq || echo read-only";
        let mode =
            fs::metadata("/tmp").map(|tmp| std::os::unix::fs::MetadataExt::mode(&tmp) & 0o7777);
        let wanted = format!("3\nok\n{:o}\nread-only\n", mode.unwrap());
        assert_eq!(stdout(&container, script).await, wanted);
    });
}

#[test]
fn each_start_begins_anew() {
    if skipped() {
        return;
    }
    run(async {
        let file = format!("/var/{}", name("anew"));
        let command = sh(&format!(
            "test ! -e {file} || exit 9; echo x > {file}; exit 0"
        ));
        for _ in 0..2 {
            let Some(container) = isolated(&command, Path::new("/")).await else {
                return;
            };
            assert_eq!(container.wait().await, 0);
        }
    });
}

#[test]
fn a_missing_working_folder_is_made() {
    if skipped() {
        return;
    }
    run(async {
        let place = format!("/{}/a", name("folder"));
        let command = Command {
            working_dir: Some(place.clone()),
            ..command(&["sleep", "1000"])
        };
        let Some(container) = isolated(&command, Path::new("/")).await else {
            return;
        };
        let hook = Command {
            working_dir: Some(place.clone()),
            ..sh("pwd")
        };
        let (_, output) = exited(container.exec(&hook, || ()).await);
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{place}\n")
        );
        assert!(!Path::new(&place).exists());
    });
}

#[test]
fn a_hook_reaches_its_containers_socket() {
    if skipped() || !Path::new("/usr/bin/python3").exists() {
        return;
    }
    run(async {
        let file = format!("/run/{}", name("socket"));
        let main = "import socket,sys,time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); time.sleep(1000)";
        let hook = "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])";
        let python = |script| command(&["/usr/bin/python3", "-c", script, &file]);
        let Some(container) = isolated(&python(main), Path::new("/")).await else {
            return;
        };
        while exited(container.exec(&python(hook), || ()).await).0 != 0 {}
        assert!(!Path::new(&file).exists());
    });
}

#[test]
fn the_machines_mounts_stay_as_they_are() {
    if skipped() {
        return;
    }
    run(async {
        let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
        let before = mounts();
        let Some(container) = isolated(&command(&["sleep", "1000"]), Path::new("/")).await else {
            return;
        };
        assert_eq!(mounts(), before);
        container.kill();
        container.wait().await;
        assert_eq!(mounts(), before);
    });
}
