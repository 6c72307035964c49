//! Answers as its first argument says.

use podhook::{Context, Error};
use std::time::Duration;

#[podhook::post_start]
fn answer(ctx: Context) -> podhook::Result {
    match ctx.args.first().map(String::as_str) {
        Some("failed") => Err(Error::failed("it went wrong")),
        Some("retryable") => Err(Error::retryable("not yet")),
        Some("invalid-input") => Err(Error::invalid_input("no such setting")),
        Some("error") => Ok(std::fs::read("/nowhere").map(|_| ())?),
        Some("panic") => panic!("as asked"),
        Some("spin") => loop {
            std::hint::black_box(());
        },
        Some("sleep") => {
            std::thread::sleep(Duration::from_secs(3600));
            Ok(())
        }
        Some("grow") => {
            let mut held = Vec::new();
            loop {
                held.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        _ => Ok(()),
    }
}

/// The other phase, so that one must be named.
#[podhook::pre_stop]
fn stop() -> Result<(), String> {
    Err("the wrong phase was called".to_owned())
}
