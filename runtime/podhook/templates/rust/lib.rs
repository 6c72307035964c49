//! What is done before the container is stopped.

use podhook::{Context, config, log};

#[podhook::pre_stop]
fn say_goodbye(ctx: Context) -> podhook::Result {
    let farewell = config::get("farewell").unwrap_or_else(|| "goodbye".to_owned());
    log::info!(pod = ctx.pod.name; "{farewell}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook::Phase;
    use podhook::testing::Mock;

    #[test]
    fn the_farewell_is_what_is_set() {
        let host = Mock::new().config("farewell", "so long");
        assert_eq!(say_goodbye(Context::new(Phase::PreStop)), Ok(()));
        assert_eq!(host.logs()[0].message, "so long");
    }
}
