//! Compiling in a process of its own, which can be given limits and be killed.
//!
//! wasmtime's compiler takes what it takes: a module of a few KB may cost seconds, one of a
//! MiB gigabytes. So podhook starts itself once more for every module that was not compiled
//! before; that costs a few milliseconds. What a module may cost goes by its size. The
//! child's answer is what this very program made of it: it is trusted, and signed before it
//! is kept (see the sandbox's `cache`).

use crate::config;
use podhook_sandbox::{Allocation, Compiler, InvalidModule, Module, Profile, TargetCpu, compile};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What a process is started with to be one.
const WORD: &str = "__compile";

/// A module is not to be compiled: why, on stdout.
const REFUSED: u8 = 65;

const MIB: u64 = 1 << 20;

/// Of the compiler.
const THREADS: usize = 16;

/// What compiling may cost: real modules take one to two seconds and 20 MiB for each MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    /// Of CPU time; all threads together.
    seconds: u64,
    bytes: u64,
}

/// What compiling any module may cost, where that does not go by its size.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GivenLimits {
    /// CPU time; of a second that is not whole, all.
    pub(crate) time: Option<Duration>,
    pub(crate) memory: Option<u64>,
}

impl Limits {
    /// 2 s and 8 s for each MiB, 1 GiB and 64 MiB for each; or as given.
    fn of(module: &Module, given: GivenLimits) -> Self {
        let bytes = u64::try_from(module.bytes().len()).unwrap_or(u64::MAX);
        let by_size = Self {
            seconds: 2 + (bytes.saturating_mul(8)).div_ceil(MIB),
            bytes: (1 << 30) + bytes.saturating_mul(64),
        };
        let seconds = given
            .time
            .map(|time| time.as_millis().div_ceil(1000).max(1));
        let seconds = seconds.map(|seconds| u64::try_from(seconds).unwrap_or(u64::MAX / 2));
        Self {
            seconds: seconds.unwrap_or(by_size.seconds),
            bytes: given.memory.unwrap_or(by_size.bytes),
        }
    }

    fn time(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Of wall-clock time, where the machine has no CPU time to give.
    fn patience(self) -> Duration {
        self.time().saturating_mul(20)
    }
}

/// Whether this program's `main` becomes a child where it is started as one.
static ENTERED: OnceLock<()> = OnceLock::new();

/// Compiles, and has an exit status, where this process was started for that. To be called
/// first in `main`.
pub(crate) fn enter() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_none_or(|word| word != WORD) {
        let _ = ENTERED.set(());
        return None;
    }
    let words: Vec<String> = words.filter_map(|word| word.into_string().ok()).collect();
    Some(match serve(&words) {
        Ok(code) => answer(&code, ExitCode::SUCCESS),
        Err(why) => answer(why.as_bytes(), ExitCode::from(REFUSED)),
    })
}

fn answer(bytes: &[u8], status: ExitCode) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => status,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The child's part: limits, then a module from stdin.
fn serve(words: &[String]) -> Result<Vec<u8>, String> {
    let [seconds, bytes, profile @ ..] = words else {
        return Err("not started by podhook".to_owned());
    };
    let number = |word: &str| word.parse().map_err(|why| format!("{word}: {why}"));
    let limits = Limits {
        seconds: number(seconds)?,
        bytes: number(bytes)?,
    };
    limit_myself(limits).map_err(|why| format!("limits: {why}"))?;
    let profile = profile_of(profile).ok_or("no profile")?;
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|why| format!("stdin: {why}"))?;
    let module = Module::new(bytes).map_err(|why| why.to_string())?;
    compile(&module, profile).map_err(|why| {
        // The parent says the rest of the sentence.
        let said = why.to_string();
        said.trim_start_matches("cannot be compiled: ").to_owned()
    })
}

/// Data, not address space: threads reserve more of that than they use.
fn limit_myself(limits: Limits) -> io::Result<()> {
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != parent {
        return Err(io::Error::other("podhook is gone"));
    }
    // Nobody gives himself more than he has.
    let limit = |resource, soft: u64, hard: u64| {
        let had = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        setrlimit(
            resource,
            Rlimit {
                current: Some(soft.min(had)),
                maximum: Some(hard.min(had)),
            },
        )
    };
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Fsize, 0, 0)?;
    limit(Resource::Data, limits.bytes, limits.bytes)?;
    limit(Resource::Cpu, limits.seconds, limits.seconds + 1)?;
    Ok(())
}

fn words_of(profile: Profile) -> [&'static str; 4] {
    [
        if profile.fuel { "fuel" } else { "plain" },
        match profile.target_cpu {
            TargetCpu::Native => "native",
            TargetCpu::Baseline => "baseline",
        },
        if profile.inlining {
            "inlining"
        } else {
            "calls"
        },
        match profile.allocation {
            Allocation::OnDemand => "on-demand",
            Allocation::Pooled { .. } => "pooled",
        },
    ]
}

/// The number of slots is none of code's business.
fn profile_of(words: &[String]) -> Option<Profile> {
    let [fuel, target, inlining, allocation] = words else {
        return None;
    };
    Some(Profile {
        fuel: fuel == "fuel",
        target_cpu: match target.as_str() {
            "native" => TargetCpu::Native,
            "baseline" => TargetCpu::Baseline,
            _ => return None,
        },
        inlining: inlining == "inlining",
        allocation: match allocation.as_str() {
            "on-demand" => Allocation::OnDemand,
            "pooled" => Allocation::Pooled { slots: 1 },
            _ => return None,
        },
    })
}

/// Starts a child for every module.
#[derive(Debug)]
pub(crate) struct CompileChild(GivenLimits);

impl CompileChild {
    /// `None` in a program that is not podhook's own: it would be started instead.
    pub(crate) fn here(limits: GivenLimits) -> Option<Self> {
        ENTERED.get().map(|()| Self(limits))
    }
}

impl Compiler for CompileChild {
    fn compile(&self, module: &Module, profile: Profile) -> Result<Vec<u8>, InvalidModule> {
        let limits = Limits::of(module, self.0);
        let done = ask(module, profile, limits);
        let (status, said) = done.map_err(|why| InvalidModule::NoCompiler(why.to_string()))?;
        judge(status, said, limits)
    }
}

fn judge(status: ExitStatus, said: Vec<u8>, limits: Limits) -> Result<Vec<u8>, InvalidModule> {
    let text = |said: &[u8]| String::from_utf8_lossy(said).into_owned();
    let by = status.signal().and_then(Signal::from_named_raw);
    match (status.code(), by) {
        (Some(0), _) => Ok(said),
        (Some(code), _) if code == i32::from(REFUSED) => {
            Err(InvalidModule::NotCompilable(text(&said)))
        }
        // An allocation that fails ends a process by abort.
        (_, Some(Signal::ABORT)) => Err(InvalidModule::CompileMemory(limits.bytes)),
        (_, Some(Signal::XCPU)) => Err(InvalidModule::CompileTime(limits.time())),
        // Not for the module's sake, as far as we know.
        (_, Some(Signal::KILL | Signal::TERM | Signal::INT)) => {
            Err(InvalidModule::NoCompiler(format!("it ended with {status}")))
        }
        _ => Err(InvalidModule::NotCompilable(format!(
            "the compiler ended with {status}"
        ))),
    }
}

fn ask(module: &Module, profile: Profile, limits: Limits) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut words: Vec<OsString> = vec![WORD.into()];
    words.extend([limits.seconds, limits.bytes].map(|number| number.to_string().into()));
    words.extend(words_of(profile).map(OsString::from));
    let mut child = Command::new("/proc/self/exe")
        .args(words)
        .env_clear()
        // Their stacks count as memory.
        .env(
            "RAYON_NUM_THREADS",
            config::processors().min(THREADS).to_string(),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let said = talk(&mut child, module.bytes(), limits.patience());
    if said.is_err() {
        let _ = child.kill();
    }
    // It has ended, or does now: its stdout is at its end.
    let status = child.wait()?;
    Ok((status, said.unwrap_or_default()))
}

/// It reads all before it writes anything.
fn talk(child: &mut Child, module: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(module) {
            // It has ended early; its status says why.
            Err(why) if why.kind() == io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
    }
    let mut said = Vec::new();
    let Some(mut stdout) = child.stdout.take() else {
        return Ok(said);
    };
    let until = Instant::now() + patience;
    let mut chunk = vec![0; 1 << 16];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut ready = [PollFd::new(&stdout, PollFlags::IN)];
        match poll(&mut ready, Some(&left)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let read = stdout.read(&mut chunk)?;
        match chunk.get(..read) {
            None | Some([]) => return Ok(said),
            Some(fresh) => said.extend_from_slice(fresh),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_survives_being_written() {
        for fuel in [false, true] {
            for profile in [Profile::one_shot(), Profile::pooled(1)] {
                let profile = profile.with_fuel(fuel);
                let words = words_of(profile).map(str::to_owned);
                assert_eq!(profile_of(&words), Some(profile));
            }
        }
        assert_eq!(profile_of(&[]), None);
    }

    #[test]
    fn how_it_ended_says_which_limit_was_met() {
        let limits = Limits {
            seconds: 2,
            bytes: 1 << 30,
        };
        let by = |signal: Signal| {
            let status = ExitStatus::from_raw(signal.as_raw());
            judge(status, Vec::new(), limits).unwrap_err()
        };
        let said = |why: InvalidModule| why.to_string();
        assert!(said(by(Signal::XCPU)).contains("more than 2s of CPU time"));
        assert!(said(by(Signal::ABORT)).contains("1073741824 bytes of memory"));
        assert!(said(by(Signal::SEGV)).contains("the compiler ended with signal: 11"));
        let refused = ExitStatus::from_raw(i32::from(REFUSED) << 8);
        let why = judge(refused, b"why".to_vec(), limits).unwrap_err();
        assert_eq!(said(why), "cannot be compiled: why");
    }
}
