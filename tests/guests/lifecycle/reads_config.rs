//! Reads its config and minds it, and nothing else: what a small hook is.

use podhook::{Error, config};

#[podhook::pre_stop]
fn check() -> podhook::Result {
    let seconds: u32 = config::require("seconds")?.parse()?;
    match seconds <= 60 {
        true => Ok(()),
        false => Err(Error::failed(format_args!("{seconds} s are too many"))),
    }
}
