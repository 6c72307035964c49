//! What runs a pod's hooks, a module for each kind of handler.
//!
//! Each takes an action of the pod's and says what came of it. When hooks run, who waits
//! for them and what their failure means is not known here.

pub(crate) mod exec;
pub(crate) mod http_get;
pub(crate) mod in_container;
pub(crate) mod module_run;
