//! What runs a pod's hooks, a module for each kind of handler.
//!
//! Each takes an action of the pod's and says what came of it in the kubelet's words.
//! When hooks run, who waits for them and what their failure means is not known here.

pub(crate) mod http_get;
