//! Write Kubernetes container lifecycle hooks in Rust, and run them sandboxed.
//!
//! A hook is a function called after its container has started (postStart) or
//! before it is stopped (preStop). podhook runs it as a WebAssembly component: it
//! sees the folders, hosts and settings its operator granted, and nothing else.
//!
//! ```no_run
//! use podhook::{Context, Error, log};
//!
//! #[podhook::pre_stop]
//! fn say_goodbye(ctx: Context) -> podhook::Result {
//!     let to = podhook::config::get("farewell-url")
//!         .ok_or(Error::invalid_input("farewell-url is not set"))?;
//!     let answer = podhook::http::post(&to, ctx.pod.name.as_bytes())?;
//!     log::info!(status = answer.status; "said goodbye");
//!     Ok(())
//! }
//! # fn main() {}
//! ```
//!
//! The crate of a hook is a `cdylib`, built with
//! `cargo build --release --target wasm32-wasip2` and run with `podhook run`.
//!
//! # What a hook can do
//!
//! | for | use |
//! |---|---|
//! | whom it is called for, and why | [`Context`] |
//! | settings given by the operator | [`config`] |
//! | telling failures apart | [`Error`] |
//! | logging | [`log`], whose records reach the host with their fields |
//! | the time and means left | [`budget`] |
//! | saying something outside | [`events`] |
//! | remembering from postStart to preStop | [`state`] |
//! | requests to other services | [`http`] |
//! | the container's main process | [`container`] |
//! | waiting, and trying again | [`clock`], [`retry`] |
//! | files, environment, clocks | `std::fs`, `std::env`, `std::time`, `std::thread::sleep` |
//!
//! A component imports only the interfaces its code comes to use; [`log`] is always
//! among them, since every hook starts with its logger in place.
//!
//! # Off WebAssembly
//!
//! Everything compiles natively, so that a hook is tested with `cargo test`: [`testing`] has
//! a host for it. Without one settings are unset, nothing is limited, records go to stderr,
//! and whatever can fail answers `Unavailable`.

#![warn(missing_docs)]

pub mod budget;
pub mod clock;
pub mod config;
pub mod container;
pub mod events;
pub mod http;
pub mod retry;
pub mod state;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

/// See the feature `allocator`.
#[cfg(all(target_family = "wasm", target_os = "unknown", feature = "allocator"))]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

mod call;
mod context;
mod error;
mod host;
mod logger;
#[cfg(test)]
mod misuse;

pub use context::{Container, Context, Phase, Pod};
pub use error::{Error, ErrorKind, Result};
pub use log;
/// ```
/// use podhook::{Result, config, log};
///
/// #[podhook::post_start]
/// fn greet() -> Result {
///     log::info!("{}", config::require("greeting")?);
///     Ok(())
/// }
/// ```
///
pub use podhook_sdk_macros::post_start;
/// ```
/// use podhook::{Context, Result, log};
///
/// #[podhook::pre_stop]
/// fn say_goodbye(ctx: Context) -> Result {
///     log::info!(pod = ctx.pod.name; "goodbye");
///     Ok(())
/// }
/// ```
///
pub use podhook_sdk_macros::pre_stop;

/// What the attributes expand to. Not for use by hand: changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::call::{Argument, call};
    pub use crate::host::exports::*;
}

/// The guide's code is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Guide;
