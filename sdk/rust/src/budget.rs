//! What the call has left to spend. `None` is "not limited" throughout.

use std::time::Duration;

use crate::host;

/// Time until the host ends the call.
///
/// A hook that is still running then is ended as `Exhausted`, without another word:
/// stop a little before to say why.
///
/// ```
/// use podhook::{budget, clock, testing::Mock};
/// use std::time::Duration;
///
/// let _host = Mock::new().timeout(Duration::from_secs(30));
/// clock::sleep(Duration::from_secs(12));
/// assert_eq!(budget::remaining(), Some(Duration::from_secs(18)));
/// ```
pub fn remaining() -> Option<Duration> {
    host::remaining_time()
}

/// Units of computation left; also `None` where they are not counted.
pub fn fuel() -> Option<u64> {
    host::remaining_fuel()
}

/// Bytes the hook's memory may still grow by.
pub fn memory() -> Option<u64> {
    host::remaining_memory()
}
