use podhook::Context;

#[podhook::pre_stop]
fn drain(_ctx: Context, _words: Vec<String>) -> podhook::Result {
    Ok(())
}

fn main() {}
