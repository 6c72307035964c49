//! Has a preStop hook alone.

#[podhook::pre_stop]
fn only() -> podhook::Result {
    Ok(())
}
