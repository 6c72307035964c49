//! Starts a worker, in a container's cgroup or locked in, and makes a report where the worker
//! cannot: the kernel may kill it, or never let it run.

use super::output::{self, Live};
use super::worker::{BEGINS, DONE, hand_over};
use crate::config::variable;
use crate::options::Format;
use podhook_ledger::cgroup::Counters;
use podhook_lifecycle::{
    Accounting, CancelReason, Invocation, Keeper, MemoryEvents, ModuleInfo, Outcome, Report,
    Resource,
};
use podhook_runner::CommandError;
use podhook_runner::hook_account::Found;
use podhook_sandbox::Module;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant, SystemTime};

/// After the deadline, for a worker that gets little CPU time to say its last word.
const GRACE: Duration = Duration::from_secs(1);

/// The same for one that is not in a cgroup.
const SHORT_GRACE: Duration = Duration::from_millis(250);

/// For the worker to print a report, once the hook is over.
const TO_PRINT: Duration = Duration::from_secs(30);

/// For a process that was killed, to be gone; a frozen one is not.
const TO_DIE: Duration = Duration::from_secs(1);

/// This program, whatever became of its file.
const OURSELVES: &str = "/proc/self/exe";

/// After stdin, stdout and stderr.
const FIRST_OF_OTHERS: i32 = 3;

/// What a worker is to run.
pub(super) struct Job<'j> {
    pub(super) name: &'j str,
    pub(super) module: &'j Module,
    pub(super) call: &'j Invocation,
    /// Its code, where it cannot compile.
    pub(super) code: &'j [u8],
    /// The cgroup it will be in.
    pub(super) found: Option<&'j Found>,
    pub(super) format: Format,
}

/// What became of a worker.
enum End {
    /// It said what there is to say.
    Exited(u8),
    /// It was killed, by this signal.
    Killed(i32),
    /// It did not keep its deadline, and was killed for it.
    Overdue,
}

impl Job<'_> {
    /// Runs it; the status to exit with.
    pub(super) fn run(&self) -> Result<u8, CommandError> {
        let fault = |why: io::Error| CommandError::host_fault("worker", why);
        let before = self.counters();
        let (socket, theirs) = UnixStream::pair().map_err(fault)?;
        let mut worker = start(theirs, !self.code.is_empty()).map_err(fault)?;
        forward_signals(&worker).map_err(fault)?;
        // Where it is gone already, its end says why.
        let _ = hand_over(&socket, self.name, self.module.bytes(), self.code);
        let began = SystemTime::now();
        let end = self.watch(&socket, &mut worker).map_err(fault)?;
        let report = match end {
            End::Exited(status) => return Ok(status),
            End::Killed(signal) => self.report(began, &before, Some(signal)),
            End::Overdue => self.report(began, &before, None),
        };
        output::print(&report, self.format, Live::default())?;
        Ok(report.outcome.exit_status())
    }

    /// Waits for the worker's end, and sees to it once the deadline has passed.
    fn watch(&self, mut socket: &UnixStream, worker: &mut Child) -> io::Result<End> {
        let (mut until, mut begun) = (None, false);
        loop {
            let left = until.map(|until: Instant| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return self.overdue(worker);
            }
            socket.set_read_timeout(left)?;
            let mut word = [0];
            match socket.read(&mut word) {
                // Once: a guest that got out is not to be given time.
                Ok(1) if word == [BEGINS] && !begun => {
                    begun = true;
                    let timeout = self.call.budget.timeout;
                    let grace = self.found.map_or(SHORT_GRACE, |_| GRACE);
                    let span = timeout.and_then(|timeout| timeout.checked_add(grace));
                    until = span.and_then(|span| Instant::now().checked_add(span));
                }
                Ok(1) if word == [DONE] && begun => {
                    // What is left is to print the report, to whoever reads it when he likes.
                    until = self.found.is_none().then(|| Instant::now() + TO_PRINT);
                }
                Ok(0) => return self.ended(worker),
                Ok(_) => {}
                Err(why) if is_timeout(&why) => return self.overdue(worker),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.ended(worker),
            }
        }
    }

    fn counters(&self) -> Counters {
        let read = self.found.map(|found| found.cgroup.counters());
        read.and_then(Result::ok).unwrap_or_default()
    }

    /// Its side of the socket is closed: it ends now, or is ended.
    fn ended(&self, worker: &mut Child) -> io::Result<End> {
        if self.found.is_none() && !has_ended(worker, TO_PRINT) {
            return self.overdue(worker);
        }
        worker.wait().map(End::of)
    }

    fn overdue(&self, worker: &mut Child) -> io::Result<End> {
        worker.kill()?;
        if has_ended(worker, TO_DIE) {
            worker.wait()?;
        }
        Ok(End::Overdue)
    }

    /// In the place of a worker that cannot speak. `signal`: what killed it, unless we
    /// did.
    fn report(&self, began: SystemTime, before: &Counters, signal: Option<i32>) -> Report {
        let more = self.counters().since(before).unwrap_or_default();
        let was_oom = more.oom_kill.is_some_and(|kills| kills > 0);
        let (outcome, message) = match signal {
            None => (
                Outcome::Exhausted(Resource::Time),
                "the deadline passed; the worker did not answer and was killed".to_owned(),
            ),
            Some(_) if was_oom => (
                Outcome::Exhausted(Resource::Memory),
                "the kernel killed the worker: its cgroup was out of memory".to_owned(),
            ),
            // Before it listened.
            Some(2) => (
                Outcome::Cancelled(CancelReason::Interrupted),
                "podhook was told to stop (SIGINT)".to_owned(),
            ),
            Some(15) if self.found.is_none() => (
                Outcome::Cancelled(CancelReason::Terminated),
                "podhook was told to stop (SIGTERM)".to_owned(),
            ),
            Some(9 | 15) if self.found.is_some() => (
                Outcome::Cancelled(CancelReason::Terminated),
                "the worker was killed, as all processes of a cgroup that is ended".to_owned(),
            ),
            Some(signal) => (
                Outcome::HostFault,
                format!("the worker died of signal {signal}"),
            ),
        };
        let mut report = Report::without_run(self.call, outcome, Some(message));
        report.started_at = began;
        report.took = began.elapsed().unwrap_or_default();
        report.module = Some(ModuleInfo {
            source: self.name.to_owned(),
            digest: self.module.digest(),
            kind: Some(self.module.kind()),
        });
        if self.found.is_some() {
            report.accounting = Accounting {
                cpu: Keeper::Kernel,
                memory: Keeper::Kernel,
            };
        }
        report.usage.cpu.usage_nsec = more.usage_nsec.unwrap_or(0);
        report.usage.cpu.nr_periods = more.nr_periods.unwrap_or(0);
        report.usage.cpu.nr_throttled = more.nr_throttled.unwrap_or(0);
        report.usage.cpu.throttled_usec = more.throttled_nsec.unwrap_or(0) / 1000;
        report.usage.memory.events = MemoryEvents {
            max: more.memory_max.unwrap_or(0),
            oom: more.oom_kill.unwrap_or(0),
            oom_kill: more.oom_kill.unwrap_or(0),
        };
        report
    }
}

impl End {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(u8::try_from(code).unwrap_or(70)),
            (None, signal) => Self::Killed(signal.unwrap_or(9)),
        }
    }
}

/// The same words once more, for a worker: in a process group of its own, so that the
/// terminal's signals come by us and only once.
///
/// One that is locked in is told nothing of our environment but what it goes by, and has
/// nothing open that we were given open.
fn start(socket: UnixStream, is_locked_in: bool) -> io::Result<Child> {
    let mut words: Vec<_> = std::env::args_os().skip(1).collect();
    let run = words.iter().position(|word| word == "run");
    words.insert(run.map_or(0, |run| run + 1), "--worker".into());
    let mut worker = Command::new(OURSELVES);
    if is_locked_in {
        close_fds::set_fds_cloexec_threadsafe(FIRST_OF_OTHERS, &[]);
        worker.env_clear();
        for name in [
            "RUST_LOG",
            "RUST_BACKTRACE",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
        ] {
            worker.envs(variable(name).map(|value| (name, value)));
        }
    }
    worker
        .args(words)
        .stdin(std::os::fd::OwnedFd::from(socket))
        .process_group(0)
        .spawn()
}

fn forward_signals(worker: &Child) -> io::Result<()> {
    let worker = i32::try_from(worker.id()).ok().and_then(Pid::from_raw);
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new()
        .name("podhook-signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let signal = match signal {
                    SIGINT => Signal::INT,
                    _ => Signal::TERM,
                };
                if let Some(worker) = worker {
                    let _ = kill_process(worker, signal);
                }
            }
        })?;
    Ok(())
}

fn is_timeout(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Whether a process ends within that time.
fn has_ended(worker: &Child, within: Duration) -> bool {
    let pid = i32::try_from(worker.id()).ok().and_then(Pid::from_raw);
    let Some(Ok(pidfd)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else {
        return true;
    };
    let timeout = Timespec::try_from(within).ok();
    let mut polled = [PollFd::new(&pidfd, PollFlags::IN)];
    poll(&mut polled, timeout.as_ref()).is_ok_and(|ready| ready > 0)
}
