//! Paths of the tests' guests; built from `guests/` by this crate's build script.
//!
//! One constant per guest, named as its file: `wat::SPIN` is `guests/wat/spin.wat`.
//! Commands written in Rust come twice, as core modules in `wasip1` and as
//! components in `wasip2`.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
