//! Who pays for a hook.
//!
//! An [`Account`] stands for a cgroup: accounts form a tree (node, pod, container),
//! a charge goes up to the root, and a limit anywhere on the way binds. This crate
//! does not know what runs; the sandbox charges it through
//! [`podhook_lifecycle::Meter`].

pub mod account;

pub use account::Account;
