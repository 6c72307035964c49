//! Time as it passes. Not the time of day: that is `std::time::SystemTime`, with WASI.

use std::time::Duration;

use crate::host;

/// Waits. The host does other things meanwhile, so that waiting costs no CPU time. Rounded
/// up to milliseconds.
///
/// Without WASI `std::thread::sleep` panics; this works in every build, and takes no time
/// under a [`Mock`](crate::testing::Mock).
///
/// ```no_run
/// use podhook::clock;
/// use std::time::Duration;
///
/// clock::sleep(Duration::from_millis(250));
/// ```
pub fn sleep(time: Duration) {
    host::sleep(time);
}

/// Time since some moment before the hook was called; never becomes less.
pub fn elapsed() -> Duration {
    host::elapsed()
}
