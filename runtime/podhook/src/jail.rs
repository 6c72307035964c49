//! A process that can do no more than its hook may: for a worker that runs one hook, so that
//! a guest that got out of wasmtime would be out in here.
//!
//! Entered once, before there is a second thread, and for good. What the process has open
//! by then stays open.
//!
//! | wall | leaves |
//! |---|---|
//! | Landlock | the granted folders, the state's; what names and certificates are looked up in, where a host is granted; connections to granted ports |
//! | seccomp | system calls of a program that computes, reads and writes, and makes threads: no other program is started, nobody is traced |
//! | capabilities | none |
//! | limits | no core file |
//!
//! Follows `landlock(7)` and `seccomp(2)`. What a kernel does not know of Landlock is left
//! out, as long as it knows files (Linux 5.13).

mod calls;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath,
    PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};
use podhook_lifecycle::{Access, Grants, HostGrant, Scheme, SignalGrant};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities,
};
use seccompiler::BackendError;
use std::path::{Path, PathBuf};

/// The newest that is asked for; older kernels leave out what they do not know.
const ABI_KNOWN: ABI = ABI::V6;

/// Why there is no jail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoJail {
    #[error("Landlock: {0}")]
    Landlock(#[from] landlock::RulesetError),
    #[error("Landlock: {0}")]
    Path(#[from] landlock::PathFdError),
    #[error("this kernel has no Landlock")]
    NotEnforced,
    #[error("seccomp: {0}")]
    Seccomp(#[from] seccompiler::Error),
    #[error("seccomp: {0}")]
    Filter(#[from] BackendError),
    #[error("seccomp knows nothing of {0}")]
    Architecture(&'static str),
    #[error("limits and capabilities: {0}")]
    System(#[from] rustix::io::Errno),
}

/// What is to be reached from inside.
pub(crate) struct Cell<'c> {
    pub(crate) grants: &'c Grants,
    pub(crate) state_dir: Option<&'c Path>,
    /// Whether the account is read at the end.
    pub(crate) reads_cgroups: bool,
}

impl Cell<'_> {
    /// Locks this thread in, and all that it will start.
    ///
    /// # Errors
    /// Where the kernel has not what it takes. What was done until then stays.
    pub(crate) fn enter(&self) -> Result<(), NoJail> {
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none)?;
        self.restrict_files()?;
        drop_capabilities()?;
        for filter in calls::filters(self.grants)? {
            seccompiler::apply_filter(&filter)?;
        }
        Ok(())
    }

    fn restrict_files(&self) -> Result<(), NoJail> {
        let files = AccessFs::from_all(ABI_KNOWN);
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(files)?
            .handle_access(AccessNet::from_all(ABI_KNOWN))?
            .scope(self.scopes())?
            .create()?;
        for (path, access) in self.paths() {
            // What is not there needs no rule.
            if let Ok(found) = path.metadata() {
                let of_files = AccessFs::from_file(ABI_KNOWN);
                let access = if found.is_dir() {
                    access
                } else {
                    access & of_files
                };
                rules = rules.add_rule(PathBeneath::new(PathFd::new(path)?, access))?;
            }
        }
        // Names are asked for over TCP where an answer is long.
        let names = (!self.grants.hosts.is_empty()).then_some(53);
        for port in self.grants.hosts.iter().flat_map(ports).chain(names) {
            rules = rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
        }
        match rules.restrict_self()?.ruleset {
            RulesetStatus::NotEnforced => Err(NoJail::NotEnforced),
            RulesetStatus::PartiallyEnforced => {
                tracing::warn!(
                    "--isolation process: this kernel's Landlock leaves out some of it; \
                     Linux 6.12 and later know all"
                );
                Ok(())
            }
            RulesetStatus::FullyEnforced => Ok(()),
        }
    }

    /// A signal needs a grant; names are not asked of a daemon's abstract socket.
    fn scopes(&self) -> BitFlags<Scope> {
        match self.grants.signal {
            SignalGrant::Denied => Scope::from_all(ABI_KNOWN),
            SignalGrant::Unknown | SignalGrant::Process(_) => Scope::AbstractUnixSocket.into(),
        }
    }

    fn paths(&self) -> Vec<(PathBuf, BitFlags<AccessFs>)> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let made = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::Execute;
        let all = AccessFs::from_all(ABI_KNOWN) & !made;
        let mut paths: Vec<_> = self
            .grants
            .dirs
            .iter()
            .map(|dir| match dir.access {
                Access::ReadOnly => (dir.host.clone(), read),
                Access::ReadWrite => (dir.host.clone(), all),
            })
            .collect();
        paths.extend(self.state_dir.map(|folder| (folder.to_owned(), all)));
        // Which thread waits for which file, and where folders are.
        paths.push((PathBuf::from("/proc/self"), read));
        if self.reads_cgroups {
            paths.push((PathBuf::from("/sys/fs/cgroup"), read));
        }
        if !self.grants.hosts.is_empty() {
            // Where it is a link: what it leads to.
            let looked_up = LOOKED_UP
                .iter()
                .filter_map(|path| std::fs::canonicalize(path).ok());
            paths.extend(looked_up.map(|path| (path, read | AccessFs::Execute)));
        }
        paths
    }
}

/// Where resolvers and certificates are; names are looked up by modules of the C library.
const LOOKED_UP: &[&str] = &[
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ld.so.cache",
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/run/systemd/resolve",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
];

fn ports(grant: &HostGrant) -> Vec<u16> {
    match (grant.port, grant.scheme) {
        (Some(port), _) => vec![port],
        (None, Some(Scheme::Http)) => vec![80],
        (None, Some(Scheme::Https)) => vec![443],
        (None, None) => vec![80, 443],
    }
}

fn drop_capabilities() -> Result<(), NoJail> {
    clear_ambient_capability_set()?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook_lifecycle::DirGrant;
    use std::fs::{self, File};
    use std::io::ErrorKind::PermissionDenied;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    fn dir(host: PathBuf, access: Access) -> DirGrant {
        DirGrant {
            host,
            guest: "/data".to_owned(),
            access,
        }
    }

    /// All walls are around a thread and those it starts: the test's own, here.
    fn locked_in(grants: &Grants, then: impl FnOnce() + Send) {
        let cell = Cell {
            grants,
            state_dir: None,
            reads_cgroups: false,
        };
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| match cell.enter() {
                Err(NoJail::NotEnforced) => {
                    let _ = writeln!(std::io::stderr(), "SKIPPED: jail: {}", NoJail::NotEnforced);
                }
                entered => {
                    entered.unwrap();
                    then();
                }
            });
            inside.join().unwrap();
        });
    }

    #[test]
    fn what_is_granted_is_reached_and_nothing_else() {
        let kept = tempfile::tempdir().unwrap();
        let (free, fixed) = (kept.path().join("free"), kept.path().join("fixed"));
        for folder in [&free, &fixed] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("file"), "").unwrap();
        }
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let (open, closed) = (open.local_addr().unwrap(), closed.local_addr().unwrap());
        let grants = Grants {
            dirs: vec![
                dir(free.clone(), Access::ReadWrite),
                dir(fixed.clone(), Access::ReadOnly),
            ],
            hosts: vec![HostGrant {
                scheme: None,
                host: "127.0.0.1".to_owned(),
                port: Some(open.port()),
            }],
            ..Grants::default()
        };
        let denied = |why: std::io::Result<()>| why.unwrap_err().kind() == PermissionDenied;
        locked_in(&grants, || {
            fs::write(free.join("made"), "").unwrap();
            fs::read(fixed.join("file")).unwrap();
            assert!(denied(fs::write(fixed.join("made"), "")));
            assert!(denied(fs::write(kept.path().join("made"), "")));
            assert!(denied(File::open("/root").map(drop)));
            assert!(denied(File::open("/proc/1/environ").map(drop)));
            let started = std::process::Command::new("/bin/true").spawn();
            assert!(denied(started.map(drop)));
            let connected = |to| TcpStream::connect(to).map(drop);
            connected(open).unwrap();
            assert!(denied(connected(closed)));
            let status = fs::read_to_string("/proc/thread-self/status").unwrap();
            for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
                assert!(
                    status.contains(&format!("{set}:\t0000000000000000\n")),
                    "{status}"
                );
            }
            // What comes from inside is inside.
            let child = std::thread::spawn(|| File::open("/root").map(drop));
            assert!(denied(child.join().unwrap()));
        });
    }
}
