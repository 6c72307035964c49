//! Whom a hook is charged to that no pod names: its own options, before a cgroup's
//! limits, before defaults.

use crate::error::CliError;
use crate::options::LimitOptions;
use clap::Args;
use podhook_ledger::cgroup::Binding;
use podhook_ledger::{Account, AccountLimits, Cgroup, CgroupError, CgroupLimits, CgroupName};
use podhook_lifecycle::{Budget, Meter};
use podhook_runner::grammar;
use std::path::PathBuf;
use std::sync::Arc;

/// Whose limits a hook has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct CgroupOptions {
    /// Take the limits of a real cgroup: auto (this process's), a folder of cgroup v2 or
    /// of v1 under any controller, pid:N, or none. Where it may be written to, the kernel
    /// keeps the account. An explicit limit wins over it [default: none]
    #[arg(long, value_name = "auto|none|PATH|pid:N", value_parser = CgroupChoice::parse)]
    cgroup: Option<CgroupChoice>,

    /// Where cgroups are mounted, for trees elsewhere than the system says
    #[arg(long, value_name = "DIR")]
    cgroup_root: Option<PathBuf>,
}

/// One of the ways to say it; `None`: no cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CgroupChoice(pub(crate) Option<CgroupName>);

impl CgroupChoice {
    fn parse(text: &str) -> Result<Self, grammar::Malformed> {
        grammar::cgroup(text).map(Self)
    }
}

/// A cgroup that was asked for, and what it says.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) cgroup: Cgroup,
    pub(crate) limits: CgroupLimits,
}

impl CgroupOptions {
    /// What was said, if anything.
    pub(crate) fn choice(&self) -> Option<&CgroupChoice> {
        self.cgroup.as_ref()
    }

    /// The cgroup; `None` where none is wanted.
    pub(crate) fn find(&self) -> Result<Option<Found>, CliError> {
        let Some(CgroupChoice(Some(name))) = &self.cgroup else {
            if self.cgroup_root.is_some() {
                let why = "says where a cgroup is; name one with --cgroup";
                return Err(CliError::usage("--cgroup-root", why));
            }
            return Ok(None);
        };
        let found = Cgroup::find(name, self.cgroup_root.as_deref());
        let read = found.and_then(|cgroup| Ok((cgroup.limits()?, cgroup)));
        let (limits, cgroup) = read.map_err(|error| unusable(&error))?;
        Ok(Some(Found { cgroup, limits }))
    }
}

fn unusable(error: &CgroupError) -> CliError {
    match error.is_not_found() {
        true => CliError::no_input("--cgroup", error),
        false => CliError::config("--cgroup", error),
    }
}

/// What a hook gets where no option says otherwise: of the cgroup what it says, and
/// podhook's own defaults for the rest.
pub(crate) fn defaults(found: Option<&Found>) -> Budget {
    let mut budget = Budget::default();
    if let Some(Found { limits, .. }) = found {
        budget.cpu = limits.limits.cpu;
        if limits.says_memory {
            budget.memory = limits.limits.memory_max;
        }
    }
    budget
}

/// The account of one hook: its cgroup's levels, as far as no option replaces them, and
/// below them its own.
pub(crate) fn meter(
    options: &LimitOptions,
    found: Option<&Found>,
    budget: &Budget,
    inside: Inside,
) -> Arc<dyn Meter> {
    let says_memory = found.is_some_and(|found| found.limits.says_memory);
    let own = AccountLimits {
        // The default, where nobody else says anything.
        memory_max: budget
            .memory
            .filter(|_| options.has_memory() || !says_memory),
        ..options.own()
    };
    let Some(found) = found else {
        return Arc::new(Account::new(own));
    };
    let binding = Binding {
        cpu: options.cpu_max().is_none() && !inside.is_throttled,
        memory: !options.has_memory(),
        reserve: inside.reserve,
    };
    Arc::new(Account::under(found.limits.account(binding), own))
}

/// What is different for a hook that runs inside of the cgroup itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inside {
    /// The kernel throttles it.
    pub(crate) is_throttled: bool,
    /// Bytes that podhook itself takes there.
    pub(crate) reserve: u64,
}
