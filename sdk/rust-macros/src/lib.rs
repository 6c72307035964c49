//! The attributes of [`podhook-sdk`](https://docs.rs/podhook-sdk), which re-exports
//! them: use that crate, not this one.
//!
//! They hold no behaviour. Each leaves its function as written and adds one call of
//! a macro of the SDK, which knows what a hook exports and how on each target.

mod hook;

use proc_macro::TokenStream;

/// Makes a function the container's postStart hook.
///
/// The function is plain, takes a `podhook::Context` or nothing, and returns
/// `Result<(), E>` with any `E: Display + 'static`. One per crate: the linker
/// refuses a second.
#[proc_macro_attribute]
pub fn post_start(args: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("post_start", &args.into(), &item.into()).into()
}

/// Makes a function the container's preStop hook.
///
/// The function is plain, takes a `podhook::Context` or nothing, and returns
/// `Result<(), E>` with any `E: Display + 'static`. One per crate: the linker
/// refuses a second.
#[proc_macro_attribute]
pub fn pre_stop(args: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("pre_stop", &args.into(), &item.into()).into()
}
