struct Cache;

impl Cache {
    #[podhook::post_start]
    fn warm(&self) -> podhook::Result {
        Ok(())
    }
}

fn main() {}
