//! Commands beside the main process: output, ends, and what holds them up.

use super::*;

#[test]
fn output_and_exit_code_are_told() {
    run(async {
        let container = sleeper().await;
        let mut started = false;
        let result = container
            .exec(&sh("echo out; echo err >&2; exit 3"), || started = true)
            .await;
        let (code, output) = exited(result);
        assert!(started);
        assert_eq!(
            (code, output.stdout, output.stderr),
            (3, b"out\n".to_vec(), b"err\n".to_vec())
        );
        assert_eq!((output.stdout_total, output.stderr_total), (4, 4));
        assert_eq!(exited(exec(&container, "kill -9 $$").await).0, 137);
    });
}

#[test]
fn many_run_at_once() {
    run(async {
        let container = std::sync::Arc::new(sleeper().await);
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let container = container.clone();
                tokio::spawn(async move { stdout(&container, &format!("echo {number}")).await })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), format!("{number}\n"));
        }
    });
}

#[test]
fn output_is_kept_up_to_a_cap_and_the_command_goes_on() {
    run(async {
        let container = sleeper().await;
        let script = "head -c 20000000 /dev/zero; head -c 17000000 /dev/zero >&2; exit 6";
        let (code, output) = exited(exec(&container, script).await);
        assert_eq!(code, 6);
        assert_eq!(
            (output.stdout.len(), output.stdout_total),
            (16 << 20, 20_000_000)
        );
        assert_eq!(
            (output.stderr.len(), output.stderr_total),
            (16 << 20, 17_000_000)
        );
    });
}

#[test]
fn a_long_argument_arrives() {
    run(async {
        let container = sleeper().await;
        let long = "x".repeat(120_000);
        let result = container
            .exec(
                &command(&[
                    "sh",
                    "-c",
                    "printf %s \"$0$1$2\" | wc -c",
                    &long,
                    &long,
                    &long,
                ]),
                || (),
            )
            .await;
        assert_eq!(exited(result).1.stdout, b"360000\n");
    });
}

#[test]
fn a_child_that_holds_stdout_holds_up_the_hook() {
    run(async {
        let container = sleeper().await;
        let begun = Instant::now();
        let (code, output) =
            exited(exec(&container, "(sleep 1; echo late) & echo early; exit 7").await);
        assert!(begun.elapsed() >= Duration::from_secs(1));
        assert_eq!((code, output.stdout), (7, b"early\nlate\n".to_vec()));
    });
}

#[test]
fn a_detached_child_does_not_and_ends_with_the_container() {
    run(async {
        let container = sleeper().await;
        let (hook, mark) = marked("setsid sleep 1000 >/dev/null 2>&1 & echo done");
        let (_, output) = exited(container.exec(&hook, || ()).await);
        assert_eq!(output.stdout, b"done\n");
        assert_eq!(living(&mark), 1);
        container.terminate();
        container.wait().await;
        assert_eq!(living(&mark), 0);
    });
}

#[test]
fn the_end_of_the_main_process_kills_hooks() {
    run(async {
        let container = start(&sh("sleep 0.3; exit 4")).await;
        let (hook, mark) = marked("echo begun; trap '' TERM; sleep 1000; echo never");
        let result = container.exec(&hook, || ()).await;
        let ExecResult::Killed { code, output } = result else {
            panic!("{result:?}");
        };
        assert_eq!((code, output.stdout), (137, b"begun\n".to_vec()));
        assert_eq!(container.wait().await, 4);
        assert_eq!(living(&mark), 0);
    });
}

#[test]
fn a_hook_that_had_ended_keeps_its_code() {
    run(async {
        let container = start(&sh("sleep 0.3")).await;
        let (code, output) = exited(exec(&container, "sleep 1000 & echo ok; exit 2").await);
        assert_eq!((code, output.stdout), (2, b"ok\n".to_vec()));
    });
}

#[test]
fn a_hook_nobody_waits_for_is_killed() {
    run(async {
        let container = sleeper().await;
        let (hook, mark) = marked("sleep 1000; true");
        let cut =
            tokio::time::timeout(Duration::from_millis(200), container.exec(&hook, || ())).await;
        assert!(cut.is_err());
        until("no hook", || living(&mark) == 0).await;
        assert_eq!(stdout(&container, "echo still here").await, "still here\n");
    });
}

#[test]
fn what_cannot_start_says_why_and_harms_nobody() {
    run(async {
        let container = sleeper().await;
        let mut started = false;
        let missing = command(&["/bin/nonexistent"]);
        let why = cannot_start(container.exec(&missing, || started = true).await);
        assert!(why.ends_with("no such file or directory"), "{why}");
        assert!(!started);
        assert_eq!(stdout(&container, "echo ok").await, "ok\n");
    });
}

#[test]
fn nothing_starts_in_a_container_that_is_over() {
    run(async {
        let container = start(&sh("exit 0")).await;
        container.wait().await;
        let why = cannot_start(exec(&container, "true").await);
        assert_eq!(why, "container is in CONTAINER_EXITED state");
        container.terminate();
        container.kill();
        assert_eq!(container.wait().await, 0);
    });
}
