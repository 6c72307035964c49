//! Who pays for a hook.
//!
//! An [`Account`] stands for a cgroup: accounts form a tree (node, pod, container),
//! a charge goes up to the root, and a limit anywhere on the way binds. This crate
//! does not know what runs; the sandbox charges it through
//! [`podhook_lifecycle::Meter`].
//!
//! | module | holds |
//! |---|---|
//! | [`account`] | the tree: charges, limits, what was used |
//! | `bandwidth` | `cpu.max`: quota, periods, debt |
//! | [`cgroup`] | real cgroups, v1 and v2: the only place that reads or writes them |

pub mod account;
mod bandwidth;
pub mod cgroup;

pub use account::{Account, AccountLimits};
pub use cgroup::{Cgroup, CgroupError, CgroupLimits, CgroupName};
