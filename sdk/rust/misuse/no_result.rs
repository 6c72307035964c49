#[podhook::pre_stop]
fn drain() {}

fn main() {}
