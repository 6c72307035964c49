//! What runs in place of an image that nothing is known of: sleeps until SIGTERM.
//!
//! podhook itself, hidden behind `podhook __placeholder`: a container needs no shell
//! for it. It leaves SIGTERM to the kernel, so that none can come too early.

use std::env;
use std::process::ExitCode;

const WORD: &str = "__placeholder";

/// Its command, in a container that podhook started.
pub(crate) fn placeholder() -> Vec<String> {
    vec!["/proc/self/exe".to_owned(), WORD.to_owned()]
}

/// Sleeps and ends, where this process was started for that.
pub(super) fn enter() -> Option<ExitCode> {
    if env::args_os().nth(1)? != WORD {
        return None;
    }
    loop {
        std::thread::park();
    }
}
