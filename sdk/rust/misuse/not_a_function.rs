#[podhook::pre_stop]
struct Drain;

fn main() {}
