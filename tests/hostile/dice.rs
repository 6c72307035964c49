//! Chance that can be had again: the seed is printed.

/// Marsaglia's xorshift64*.
pub(crate) struct Dice(u64);

impl Dice {
    /// `PODHOOK_SEED`, or another each time.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("PODHOOK_SEED").ok();
        let seed = seed.map_or_else(
            || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs(),
            |seed| seed.parse().unwrap(),
        );
        println!("PODHOOK_SEED={seed}");
        Self::of(seed)
    }

    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.number() % u64::try_from(of.len()).unwrap();
        &of[usize::try_from(at).unwrap()]
    }
}
