#[podhook::pre_stop]
async fn drain() -> podhook::Result {
    Ok(())
}

fn main() {}
