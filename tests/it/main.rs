//! All integration tests, in one binary: real modules through the real command, and
//! through the library where the command cannot show it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod accounting;
mod adapter;
mod agreement;
mod bad_input;
mod bench;
mod cancel;
mod cases;
mod commands;
mod deploy;
mod example_pods;
mod examples;
mod examples_in_pods;
mod hook_cases;
mod hostile;
mod http;
mod languages;
mod library;
mod lifecycle;
mod new;
mod pod_check;
mod pod_run;
mod pod_simulate;
mod podhook;
mod recordings;
mod serve;
mod server;
mod tidy;
mod tls;
mod wat;

use commands::{wasip1, wasip2};
use lifecycle::bare;

podhook_test_guests::every_guest!();
