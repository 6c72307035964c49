#[podhook::pre_stop]
fn drain() -> podhook::Result<u32> {
    Ok(7)
}

fn main() {}
