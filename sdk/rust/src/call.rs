//! Calling the author's function: what happens right before and right after.

use std::fmt::Display;

use crate::{Context, Error, Result, logger};

/// What a hook's function takes.
#[diagnostic::on_unimplemented(
    message = "a hook takes a `podhook::Context` or nothing, not `{Self}`",
    label = "take a `podhook::Context`",
    note = "settings are read with `podhook::config`, the words of the command line are `Context::args`"
)]
pub trait Argument {
    /// Made of what the host says.
    fn of(ctx: Context) -> Self;
}

impl Argument for Context {
    fn of(ctx: Context) -> Self {
        ctx
    }
}

/// What a hook's function fails with.
#[diagnostic::on_unimplemented(
    message = "a hook fails with an error that can be printed, which `{Self}` cannot",
    label = "does not implement `Display`",
    note = "return `podhook::Result`, or implement `std::fmt::Display` for `{Self}`"
)]
pub trait Failure: Display + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Display + 'static> Failure for E {}

/// Runs a hook with its logger in place, and turns its error, of whatever type,
/// into ours.
pub fn call<E: Failure>(ctx: Context, hook: impl FnOnce(Context) -> Result<(), E>) -> Result {
    logger::install();
    hook(ctx).map_err(Error::of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    #[test]
    fn a_hook_gets_its_context_and_its_error_becomes_ours() {
        let ctx = Context::new(Phase::PreStop);
        assert_eq!(call(ctx.clone(), |_| Ok::<_, String>(())), Ok(()));
        let refusal = |ctx: Context| Err(format!("not at {:?}", ctx.phase));
        assert_eq!(call(ctx, refusal), Err(Error::failed("not at PreStop")));
    }
}
