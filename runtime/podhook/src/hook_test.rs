//! Tests of a hook without a cluster: the built module in the real sandbox, what is around
//! it by script.
//!
//! A case is a file: how the hook is called, what it meets, and what is to come of it.
//! Everything a hook can reach is of the case: folders are temporary, the network is a
//! stand-in that answers what the case says, state is in memory, the container's main
//! process is one that waits for a signal. Time is real.

mod case;
mod differences;
mod expected;
mod folders;
mod matcher;
mod network;
mod play;
mod request;
mod suite;
mod written;

pub(crate) use case::Case;
pub(crate) use suite::{Tried, find, run};
