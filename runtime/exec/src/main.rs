//! The command `podhook-exec`: a precompiled hook, run inside of a container.
//!
//! One static file to put into any container and to name in `exec.command`. It lives for
//! a fraction of a millisecond, so it starts no thread, and no event loop before a hook
//! waits for something; it does without what Rust does before `main`, and frees nothing
//! at its end. It has no compiler: what it runs is trusted like itself.
#![no_main]

mod adapter;
mod help;
mod log_to;
mod output;
mod signals;
mod streams;

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;

/// musl's own asks the kernel for every few pages.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Rust's own `main` looks at the standard streams, and makes a stack for a handler of
/// stack overflows, which the sandbox replaces: a fifth of what a hook costs.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "the entry that C calls")]
extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    // SAFETY: a handler that is no function of ours; nothing else runs yet.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    streams::fill();
    std::panic::set_hook(Box::new(|panic| {
        output::to_stderr(&format!("error: podhook-exec: {panic}\n"));
        output::leave(70);
    }));
    let words = (0..usize::try_from(count).unwrap_or(0)).map(|index| {
        // SAFETY: C hands over `count` words that end in a NUL and stay.
        let word = unsafe { CStr::from_ptr(*words.add(index)) };
        OsStr::from_bytes(word.to_bytes()).to_owned()
    });
    output::leave(adapter::run(words.collect::<Vec<OsString>>()))
}
