//! Does nothing, in both phases: what a hook costs at least.

#[podhook::post_start]
fn post_start() -> podhook::Result {
    Ok(())
}

#[podhook::pre_stop]
fn pre_stop() -> podhook::Result {
    Ok(())
}
