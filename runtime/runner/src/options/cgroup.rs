//! Whose limits a hook has.

use crate::command_error::CommandError;
use crate::grammar;
use crate::hook_account::Found;
use crate::options::lexer::{Lexer, Misspelt};
use podhook_ledger::{Cgroup, CgroupError, CgroupLimits, CgroupName};
use std::path::PathBuf;

/// `--cgroup` and `--cgroup-root` as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupOptions {
    /// `--cgroup`; the inner `None` is `none`.
    pub cgroup: Option<Option<CgroupName>>,
    /// `--cgroup-root`.
    pub cgroup_root: Option<PathBuf>,
}

impl CgroupOptions {
    /// Takes `--NAME` if it is one of these.
    pub(super) fn take(&mut self, name: &str, lexer: &mut Lexer) -> Result<bool, Misspelt> {
        match name {
            "cgroup" => self.cgroup = Some(lexer.value(grammar::cgroup)?),
            "cgroup-root" => self.cgroup_root = Some(lexer.path()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The cgroup; `None` where none is wanted.
    ///
    /// # Errors
    /// 66 where there is no such cgroup, 78 where its files are not what a kernel writes.
    pub fn find(&self) -> Result<Option<Found>, CommandError> {
        let Some(Some(name)) = &self.cgroup else {
            if self.cgroup_root.is_some() {
                let why = "says where a cgroup is; name one with --cgroup";
                return Err(CommandError::usage("--cgroup-root", why));
            }
            return Ok(None);
        };
        self.read(name, Cgroup::limits).map(Some)
    }

    fn read(
        &self,
        name: &CgroupName,
        limits: fn(&Cgroup) -> Result<CgroupLimits, CgroupError>,
    ) -> Result<Found, CommandError> {
        let found = Cgroup::find(name, self.cgroup_root.as_deref());
        let read = found.and_then(|cgroup| Ok((limits(&cgroup)?, cgroup)));
        let (limits, cgroup) = read.map_err(|error| unusable(&error))?;
        Ok(Found { cgroup, limits })
    }

    /// The same inside of a container, whose own cgroup is meant where nothing is said:
    /// one that cannot be seen then has no limits.
    ///
    /// # Errors
    /// As [`CgroupOptions::find`].
    pub fn find_own(&self) -> Result<Option<Found>, CommandError> {
        if self.cgroup.is_some() {
            return self.find();
        }
        match self.read(&CgroupName::Auto, Cgroup::limits_that_bind) {
            Err(error) if error.status() == 66 => Ok(None),
            found => found.map(Some),
        }
    }
}

fn unusable(error: &CgroupError) -> CommandError {
    match error.is_not_found() {
        true => CommandError::no_input("--cgroup", error),
        false => CommandError::config("--cgroup", error),
    }
}
