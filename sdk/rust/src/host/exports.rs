//! The other direction: how the host comes to call a hook. The attributes expand to
//! one of these macros, with the author's function as a closure.

pub use crate::{
    __podhook_export_post_start as export_post_start, __podhook_export_pre_stop as export_pre_stop,
};
#[cfg(target_family = "wasm")]
pub use wasm::*;

#[cfg(target_family = "wasm")]
mod wasm {
    use crate::Context;
    use crate::call::{Failure, call};
    pub use crate::host::bindings::imports::podhook::lifecycle::types;
    pub use crate::host::bindings::{post_start, pre_stop};

    /// [`call`], in the bindings' types.
    pub fn answer<E: Failure>(
        ctx: types::Context,
        hook: impl FnOnce(Context) -> Result<(), E>,
    ) -> Result<(), types::HookError> {
        Ok(call(ctx.into(), hook)?)
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __podhook_export_post_start {
    ($hook:expr) => {
        $crate::__podhook_export!(post_start, $hook);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __podhook_export_pre_stop {
    ($hook:expr) => {
        $crate::__podhook_export!(pre_stop, $hook);
    };
}

/// The names inside are types and modules only, none of which can hide the author's
/// function from the closure.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __podhook_export {
    ($phase:ident, $hook:expr) => {
        const _: () = {
            use $crate::__private::types;
            use $crate::__private::$phase as bindings;
            enum Hook {}
            impl bindings::exports::podhook::lifecycle::$phase::Guest for Hook {
                fn run(ctx: types::Context) -> ::core::result::Result<(), types::HookError> {
                    $crate::__private::answer(ctx, $hook)
                }
            }
            bindings::export! { Hook with_types_in bindings }
        };
    };
}

/// Natively nobody calls the hook. Its types are checked all the same, and it counts
/// as used.
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __podhook_export {
    ($phase:ident, $hook:expr) => {
        const _: fn($crate::Context) -> $crate::Result = |ctx| $crate::__private::call(ctx, $hook);
    };
}
