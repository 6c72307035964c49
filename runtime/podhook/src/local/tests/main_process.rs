//! The main process: how it starts, what it is given, how its end is told.

use super::*;

async fn code(script: &str) -> i32 {
    start(&sh(script)).await.wait().await
}

async fn refused(command: &Command) -> String {
    LocalContainer::start(command, here(&me()))
        .await
        .unwrap_err()
}

#[test]
fn its_exit_code_is_told() {
    run(async {
        assert_eq!(code("exit 0").await, 0);
        assert_eq!(code("exit 3").await, 3);
        assert_eq!(code("exit 255").await, 255);
    });
}

#[test]
fn a_signal_is_128_and_its_number() {
    run(async {
        assert_eq!(code("kill -9 $$").await, 137);
        assert_eq!(code("kill -TERM $$").await, 143);
        assert_eq!(code("kill -SEGV $$").await, 139);
    });
}

#[test]
fn its_number_is_the_machines() {
    run(async {
        let (container, _, pid) = LocalContainer::start(&sh("exec sleep 1000"), here(&me()))
            .await
            .unwrap();
        let name = || fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
        until("sleep", || name() == "sleep\n").await;
        container.kill();
        assert_eq!(container.wait().await, 137);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    });
}

#[test]
fn sigterm_ends_what_does_not_handle_it() {
    run(async {
        let container = sleeper().await;
        container.terminate();
        assert_eq!(container.wait().await, 143);
    });
}

#[test]
fn sigterm_is_handled_by_whoever_handles_it() {
    run(async {
        let script = "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done";
        let (container, lines) = listened(&sh(script)).await;
        assert_eq!(line(&lines).await, (Stream::Stdout, "ready".into()));
        container.terminate();
        assert_eq!(container.wait().await, 5);
        assert_eq!(lines.try_recv().unwrap().1, "bye");
    });
}

#[test]
fn sigterm_can_be_ignored_and_sigkill_cannot() {
    run(async {
        let script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
        let (container, lines) = listened(&sh(script)).await;
        line(&lines).await;
        container.terminate();
        let waited = tokio::time::timeout(Duration::from_millis(200), container.wait()).await;
        assert!(waited.is_err());
        container.kill();
        assert_eq!(container.wait().await, 137);
    });
}

#[test]
fn its_output_is_handed_on_by_lines() {
    run(async {
        let script = "echo one; sleep 0.05; echo two >&2; sleep 0.05; printf three";
        let (container, lines) = listened(&sh(script)).await;
        container.wait().await;
        let seen: Vec<_> = lines.try_iter().collect();
        let wanted = [
            (Stream::Stdout, "one"),
            (Stream::Stderr, "two"),
            (Stream::Stdout, "three"),
        ];
        assert_eq!(seen, wanted.map(|(stream, text)| (stream, text.to_owned())));
    });
}

#[test]
fn output_that_nobody_wants_blocks_nobody() {
    run(async {
        assert_eq!(code("head -c 100000000 /dev/zero; exit 4").await, 4);
        let (container, lines) = listened(&sh("head -c 20000000 /dev/zero; exit 4")).await;
        assert_eq!(container.wait().await, 4);
        assert_eq!(
            lines.try_iter().map(|(_, line)| line.len()).sum::<usize>(),
            20_000_000
        );
    });
}

#[test]
fn what_cannot_start_says_why() {
    run(async {
        let missing = refused(&command(&["/bin/nonexistent"])).await;
        assert_eq!(
            missing,
            r#"exec: "/bin/nonexistent": stat /bin/nonexistent: no such file or directory"#
        );
        let unknown = refused(&command(&["nonexistent"])).await;
        assert_eq!(
            unknown,
            r#"exec: "nonexistent": executable file not found in $PATH"#
        );
        assert_eq!(
            refused(&command(&["/etc"])).await,
            r#"exec: "/etc": permission denied"#
        );
        assert_eq!(refused(&command(&[])).await, "no command specified");
        let nowhere = Command {
            working_dir: Some("/nonexistent".into()),
            ..sh("true")
        };
        assert_eq!(
            refused(&nowhere).await,
            r#"chdir to cwd ("/nonexistent") failed: no such file or directory"#
        );
    });
}

#[test]
fn what_is_no_program_says_why() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("x");
        fs::write(&script, "echo no interpreter\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&script, mode).unwrap();
        let text = script.to_str().unwrap();
        assert_eq!(
            refused(&command(&[text])).await,
            format!("exec {text}: exec format error")
        );
        fs::write(&script, "#!/nonexistent/sh\n").unwrap();
        assert_eq!(
            refused(&command(&[text])).await,
            format!("exec {text}: no such file or directory")
        );
    });
}

#[test]
fn a_shim_that_is_none_is_an_error() {
    run(async {
        for executable in ["/bin/true", "/nonexistent"] {
            let started = LocalContainer::start(&sh("true"), here(Path::new(executable))).await;
            assert!(started.unwrap_err().starts_with("the container's shim: "));
        }
    });
}

#[test]
fn it_has_its_own_environment_and_none_of_ours() {
    run(async {
        let mut command = command(&["env"]);
        command.env = vec![("A".into(), "1".into()), ("HOME".into(), "/h".into())];
        let (container, lines) = listened(&command).await;
        container.wait().await;
        let mut seen: Vec<_> = lines.try_iter().map(|(_, line)| line).collect();
        seen.sort();
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        assert_eq!(seen, ["A=1", "HOME=/h", "HOSTNAME=pod", path]);
    });
}

#[test]
fn it_has_an_empty_stdin_and_no_file_of_ours() {
    run(async {
        let script = "cat; for fd in /proc/$$/fd/*; do readlink $fd; done";
        let (container, lines) = listened(&sh(script)).await;
        container.wait().await;
        let seen: Vec<_> = lines.try_iter().map(|(_, line)| line).collect();
        assert_eq!(seen.len(), 3, "{seen:?}");
        assert_eq!(seen[0], "/dev/null");
        assert!(
            seen[1..].iter().all(|file| file.starts_with("pipe:")),
            "{seen:?}"
        );
    });
}

#[test]
fn no_signal_is_ignored_or_blocked_in_it() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let deaf = folder.path().join("deaf");
        let ours = me();
        let script = format!(
            "#!/bin/sh\ntrap '' INT QUIT HUP TERM USR1\nexec {} \"$@\"\n",
            ours.display()
        );
        fs::write(&deaf, script).unwrap();
        fs::set_permissions(&deaf, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let started = LocalContainer::start(&command(&["sleep", "1000"]), here(&deaf)).await;
        let (_container, _, pid) = started.unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        for name in ["SigBlk:", "SigIgn:"] {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap();
            let mask = u64::from_str_radix(line.trim(), 16).unwrap();
            // 32 and 33 are the C library's, which lets nobody set them.
            assert_eq!(mask & !(3 << 31), 0, "{name} {line}");
        }
    });
}

#[test]
fn it_is_out_of_reach_of_our_terminal() {
    run(async {
        let (_container, _, pid) = LocalContainer::start(&command(&["sleep", "1000"]), here(&me()))
            .await
            .unwrap();
        let all = super::super::processes::all();
        let of = |pid| {
            all.iter()
                .find(|process| process.pid.as_raw_nonzero().get() == pid)
                .unwrap()
        };
        let main = of(i32::try_from(pid).unwrap());
        let (shim, ours) = (of(main.parent), of(getpid().as_raw_nonzero().get()));
        assert_eq!(shim.session, shim.pid.as_raw_nonzero().get());
        assert_eq!(main.session, shim.session);
        assert_ne!(main.session, ours.session);
        assert_ne!(main.group, shim.group);
    });
}
