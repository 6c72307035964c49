//! Which system calls there are in a jail.

use super::NoJail;
use podhook_lifecycle::{Access, Grants, SignalGrant};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

/// What is not listed is answered with EPERM: a library that asks in vain goes on. But threads
/// are made by `clone3` where it is known, whose flags no filter sees: it is not known.
pub(super) fn filters(grants: &Grants) -> Result<[BpfProgram; 2], NoJail> {
    let arch = std::env::consts::ARCH;
    let known: TargetArch = arch.try_into().map_err(|_| NoJail::Architecture(arch))?;
    let errno = |errno: i32| SeccompAction::Errno(errno.cast_unsigned());
    let (refused, unknown) = (errno(libc::EPERM), errno(libc::ENOSYS));
    let main = SeccompFilter::new(rules(grants)?, refused, SeccompAction::Allow, known)?;
    let clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let clone3 = SeccompFilter::new(clone3, SeccompAction::Allow, unknown, known)?;
    Ok([clone3.try_into()?, main.try_into()?])
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules(grants: &Grants) -> Result<Rules, NoJail> {
    let mut rules: Rules = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let here = u64::from(std::process::id());
    let thread = libc::CLONE_THREAD.cast_unsigned().into();
    let is_thread = SeccompCmpOp::MaskedEq(thread);
    rules.insert(libc::SYS_clone, vec![when(0, is_thread, thread)?]);
    rules.insert(libc::SYS_prlimit64, vec![equal(0, 0)?]);
    rules.insert(libc::SYS_tgkill, vec![equal(0, here)?]);
    let asked = [
        libc::TCGETS,
        libc::TIOCGWINSZ,
        libc::FIONBIO,
        libc::FIONREAD,
        libc::FIOCLEX,
    ];
    let asked = asked.into_iter().map(|request| equal(1, request));
    rules.insert(libc::SYS_ioctl, asked.collect::<Result<_, _>>()?);
    if grants.signal != SignalGrant::Denied {
        rules.extend(SIGNALS.iter().map(|call| (*call, Vec::new())));
    }
    if grants
        .dirs
        .iter()
        .any(|dir| dir.access == Access::ReadWrite)
    {
        rules.insert(libc::SYS_utimensat, Vec::new());
    }
    if !grants.hosts.is_empty() {
        rules.extend(SOCKETS.iter().map(|call| (*call, Vec::new())));
        let families = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
        let families = families
            .into_iter()
            .map(|family| equal(0, family.cast_unsigned().into()));
        rules.insert(libc::SYS_socket, families.collect::<Result<_, _>>()?);
    }
    Ok(rules)
}

fn when(argument: u8, is: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, is, value)?;
    SeccompRule::new(vec![condition])
}

fn equal(argument: u8, value: u64) -> Result<SeccompRule, BackendError> {
    when(argument, SeccompCmpOp::Eq, value)
}

/// With a grant of signals: to the process that is held by its descriptor.
const SIGNALS: &[i64] = &[libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal];

/// With a grant of hosts: the internet's sockets; not those of programs on this machine.
const SOCKETS: &[i64] = &[
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
];

/// Memory, threads, time, files: no `execve`, `ptrace`, `mount`, `bpf`, `unshare`,
/// `io_uring`, keys, or modules.
const ALLOWED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    // Answered by another filter.
    libc::SYS_clone3,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_futex,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_prctl,
    libc::SYS_getrusage,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setscheduler,
    libc::SYS_setpriority,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_copy_file_range,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_flock,
    libc::SYS_lseek,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_statx,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    // What a pair of them says to each other stays in here.
    libc::SYS_socketpair,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_shutdown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_arch_prctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
];
