//! Plays a pod: the one machine of `podhook-lifecycle` over a node.
//!
//! [`scripted`] is a node whose processes are a script and whose clock is virtual. What
//! kind of node it is, the machine and the loop in [`play`] do not know.

pub(crate) mod describe;
pub(crate) mod live;
pub(crate) mod play;
pub(crate) mod scenario;
mod script;
pub(crate) mod scripted;
pub(crate) mod timeline;
pub(crate) mod timeline_json;
pub(crate) mod timeline_text;
