//! Calling the author's function: what happens right before and right after.

use std::fmt::Display;

use crate::{Context, Error, Result, logger};

/// Runs a hook with its logger in place, and turns its error, of whatever type,
/// into ours.
pub fn call<E: Display + 'static>(
    ctx: Context,
    hook: impl FnOnce(Context) -> Result<(), E>,
) -> Result {
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
