//! Hooks under `cargo test`: a host of the test's own, for the thread it runs on.
//!
//! Off WebAssembly a hook is a function like any other. What it asks its host for, a
//! [`Mock`] answers; what it did there, the mock tells. Time is virtual: sleeping and slow
//! answers cost none, and the budget is spent all the same.
//!
//! ```
//! use podhook::testing::{Answer, Mock};
//! use podhook::{Context, Phase, Result, config, http};
//!
//! fn say_goodbye(_ctx: Context) -> Result {
//!     http::post(&config::require("farewell-url")?, "bye")?.error_for_status()?;
//!     Ok(())
//! }
//!
//! let mock = Mock::new()
//!     .config("farewell-url", "http://registry/bye")
//!     .answer("POST http://registry/bye", Answer::new(204));
//! assert_eq!(say_goodbye(Context::new(Phase::PreStop)), Ok(()));
//! assert_eq!(mock.requests()[0].body, b"bye");
//! ```
//!
//! Files are real: point [`Context::path`](crate::Context::path) at a folder of the test's
//! with [`Mock::folder`]. What `std::fs` does with absolute paths, and what a missing grant
//! or a limit does, is for `podhook test`, which runs the built module in the sandbox.

mod answer;
mod mock;
mod script;

#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use mock::{Ended, Mock};
pub use script::{Event, Record, Sent};

pub(crate) use mock::with;
pub(crate) use script::Script;
