#[podhook::pre_stop]
unsafe fn drain() -> podhook::Result {
    Ok(())
}

fn main() {}
