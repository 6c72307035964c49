#[podhook::pre_stop]
fn drain(_pod: String) -> podhook::Result {
    Ok(())
}

fn main() {}
