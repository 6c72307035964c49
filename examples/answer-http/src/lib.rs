//! A hook module of kind `http`: answers requests, as a web server of three pages.

pub mod answer;

#[cfg(target_family = "wasm")]
mod component;
