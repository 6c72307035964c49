//! Runs hook modules in wasmtime, within limits and grants.
//!
//! The only crate that names wasmtime, and no type of wasmtime is in its public
//! interface. It knows neither pods nor accounts: it is handed an
//! [`Invocation`](podhook_lifecycle::Invocation), charges a
//! [`Meter`](podhook_lifecycle::Meter) and returns a
//! [`Report`](podhook_lifecycle::Report).
//!
//! A run passes through these, in order:
//!
//! | module | does |
//! |---|---|
//! | [`module`] | reads what a file is, without compiling it |
//! | [`code`] | compiles it once, keeps the result in memory and on disk ([`cache`]) |
//! | [`engine`] | one worker's engine: configuration, linkers, alarm |
//! | [`handler_pre`] | code linked to the host, ready to be instantiated |
//! | `run` | store, limits, instantiate, call |
//! | `pace` | measures it, pauses it: [`Meter`](podhook_lifecycle::Meter), `turns`, `alarm` |
//! | `verdict` | tells apart the ways it can have ended |

mod alarm;
#[cfg(feature = "bare")]
pub mod bare;
mod bindings;
pub mod cache;
pub mod cancel;
pub mod code;
pub mod compile;
mod compiled;
pub mod config;
pub mod engine;
pub mod event_loop;
mod guest;
pub mod handler_pre;
mod helpers;
mod host;
mod invalid_module;
mod limiter;
mod linkers;
mod mapped_code;
pub mod module;
mod pace;
mod pool;
pub mod precompiled;
mod record;
mod run;
mod stretch;
mod turns;
mod verdict;
mod wiring;

pub use cache::Cache;
pub use cancel::Cancel;
pub use code::CodeStore;
pub use compile::Compiler;
#[cfg(feature = "compile")]
pub use compile::compile;
pub use compiled::Code;
pub use config::{Allocation, Profile, TargetCpu};
pub use engine::{Engine, EngineError};
pub use event_loop::EventLoop;
pub use handler_pre::HandlerPre;
pub use host::network::{Connection, Network};
pub use invalid_module::InvalidModule;
pub use module::Module;
pub use precompiled::{NotPrecompiled, Precompiled};
pub use record::{Stream, Tee};
#[cfg(feature = "bare")]
pub use run::stages;
pub use wiring::Wiring;
