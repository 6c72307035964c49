use podhook::Context;

#[podhook::post_start]
fn warm<T: Into<Context>>(_ctx: T) -> podhook::Result {
    Ok(())
}

fn main() {}
