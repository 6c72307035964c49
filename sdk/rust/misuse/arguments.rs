#[podhook::pre_stop(timeout = "5s")]
fn drain() -> podhook::Result {
    Ok(())
}

fn main() {}
