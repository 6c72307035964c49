//! The host's side of what a guest can call.

pub(crate) mod address;
pub(crate) mod answer_body;
pub(crate) mod container;
pub(crate) mod context;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod incoming;
pub(crate) mod interfaces;
pub(crate) mod network;
pub(crate) mod outbound;
pub(crate) mod preview1;
pub(crate) mod process;
pub(crate) mod replaced;
pub(crate) mod stdio;
pub(crate) mod tls;
