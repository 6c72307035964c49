struct Sad;

#[podhook::pre_stop]
fn drain() -> Result<(), Sad> {
    Ok(())
}

fn main() {}
