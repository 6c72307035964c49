//! The host, as the rest of the crate sees it. Everything that names the bindings is
//! in here; the modules that authors see call these functions and know nothing else.
//!
//! Two ways to be: inside a sandbox the functions call the bindings, outside a test's mock
//! answers, if there is one.

#[cfg(any(target_family = "wasm", test))]
mod bindings;
#[cfg(any(target_family = "wasm", test))]
mod convert;
pub(crate) mod exports;
#[cfg(any(target_family = "wasm", test))]
mod millis;

#[cfg(not(target_family = "wasm"))]
#[path = "host/native.rs"]
mod current;
#[cfg(target_family = "wasm")]
#[path = "host/sandbox.rs"]
mod current;

pub(crate) use current::*;
