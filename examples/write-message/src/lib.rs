//! The hooks of the Kubernetes documentation: a message when the container starts,
//! and one before it stops.

#![forbid(unsafe_code)]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};

use podhook::{Error, config};

/// Where the message goes, unless the setting `path` says otherwise.
const PATH: &str = "/usr/share/message";

#[podhook::post_start]
fn greet() -> podhook::Result {
    let greeting = || "Hello from the postStart handler".to_owned();
    let message = config::get("message").unwrap_or_else(greeting);
    let path = path();
    fs::write(&path, message + "\n").map_err(|err| not_written(&path, &err))
}

#[podhook::pre_stop]
fn say_goodbye() -> podhook::Result {
    let path = path();
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| writeln!(file, "Goodbye from the preStop handler"))
        .map_err(|err| not_written(&path, &err))
}

fn path() -> String {
    config::get("path").unwrap_or_else(|| PATH.to_owned())
}

fn not_written(path: &str, err: &io::Error) -> Error {
    Error::failed(format_args!("write {path}: {err}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook::testing::Mock;

    #[test]
    fn a_goodbye_follows_the_greeting() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("message");
        let _host = Mock::new().config("path", file.to_str().unwrap());
        assert_eq!(greet(), Ok(()));
        assert_eq!(say_goodbye(), Ok(()));
        let both = "Hello from the postStart handler\nGoodbye from the preStop handler\n";
        assert_eq!(fs::read_to_string(file).unwrap(), both);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let _host = Mock::new().config("path", "/nowhere/message");
        let error = greet().unwrap_err();
        assert!(error.to_string().starts_with("write /nowhere/message: "));
    }
}
