//! The hooks of the Kubernetes documentation: a message when the container starts,
//! and one before it stops.

#![forbid(unsafe_code)]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};

use podhook::{Error, config};

const PATH: &str = "/usr/share/message";

#[podhook::post_start]
fn greet() -> podhook::Result {
    let greeting = || "Hello from the postStart handler".to_owned();
    let message = config::get("message").unwrap_or_else(greeting);
    fs::write(PATH, message + "\n").map_err(not_written)
}

#[podhook::pre_stop]
fn say_goodbye() -> podhook::Result {
    let file = OpenOptions::new().create(true).append(true).open(PATH);
    file.and_then(|mut file| writeln!(file, "Goodbye from the preStop handler"))
        .map_err(not_written)
}

fn not_written(err: io::Error) -> Error {
    Error::failed(format_args!("write {PATH}: {err}"))
}
