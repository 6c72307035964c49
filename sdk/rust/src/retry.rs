//! Trying again, for as long as there is time.

use std::time::Duration;

use crate::{Error, ErrorKind, Result, budget, clock, log};

/// How long to wait between attempts: each time longer, up to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
    reserve: Duration,
}

impl Default for Backoff {
    /// 100 ms, doubled each time up to 5 s; as many attempts as there is time for, of which
    /// 100 ms are kept to say what went wrong.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5),
            attempts: u32::MAX,
            reserve: Duration::from_millis(100),
        }
    }
}

impl Backoff {
    /// Waits so long after the first attempt.
    pub fn first(mut self, wait: Duration) -> Self {
        self.first = wait;
        self
    }

    /// Never waits longer than this.
    pub fn longest(mut self, wait: Duration) -> Self {
        self.longest = wait;
        self
    }

    /// Tries so often at most; at least once.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Keeps so much of the call's time for what comes after.
    pub fn reserve(mut self, time: Duration) -> Self {
        self.reserve = time;
        self
    }

    /// Calls `attempt`, with 1 at first, until it succeeds, fails in a way that trying again
    /// would not help, or there is no time left for another wait: then its error is the last
    /// one, [`Retryable`](ErrorKind::Retryable) still.
    ///
    /// ```no_run
    /// use podhook::retry::Backoff;
    /// use podhook::http;
    ///
    /// let answer = Backoff::default().retry(|_| {
    ///     Ok(http::get("http://10.0.0.7/ready")?.error_for_status()?)
    /// })?;
    /// # Ok::<_, podhook::Error>(())
    /// ```
    pub fn retry<T>(self, mut attempt: impl FnMut(u32) -> Result<T>) -> Result<T> {
        let mut wait = self.first;
        for count in 1.. {
            let error = match attempt(count) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !self.goes_on(count, wait, &error) {
                return Err(error);
            }
            log::warn!(attempt = count, wait_ms = wait.as_millis(); "{error}, trying again");
            clock::sleep(wait);
            wait = wait.saturating_mul(2).min(self.longest);
        }
        Err(Error::retryable("attempts"))
    }

    fn goes_on(&self, count: u32, wait: Duration, error: &Error) -> bool {
        let takes = wait.saturating_add(self.reserve);
        error.kind() == ErrorKind::Retryable
            && count < self.attempts
            && budget::remaining().is_none_or(|left| left > takes)
    }
}

/// [`Backoff::retry`] with the default back-off.
pub fn retry<T>(attempt: impl FnMut(u32) -> Result<T>) -> Result<T> {
    Backoff::default().retry(attempt)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::testing::Mock;

    fn fails(count: u32) -> Result {
        Err(Error::retryable(format_args!("attempt {count}")))
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let mock = Mock::new();
        let longest = Duration::from_millis(300);
        let backoff = Backoff::default().longest(longest).attempts(5);
        assert_eq!(backoff.retry(fails), fails(5));
        assert_eq!(mock.elapsed(), Duration::from_millis(100 + 200 + 300 + 300));
        assert_eq!(mock.logs().len(), 4);
    }

    #[test]
    fn it_ends_while_there_is_time_to_say_so() {
        let mock = Mock::new().timeout(Duration::from_secs(1));
        assert_eq!(retry(fails), fails(4));
        assert_eq!(mock.elapsed(), Duration::from_millis(700));
    }

    #[test]
    fn what_would_not_help_is_not_tried_again() {
        let mock = Mock::new();
        let gives_up = |count| match count {
            3 => Err(Error::failed("no")),
            count => fails(count),
        };
        assert_eq!(retry(gives_up), Err(Error::failed("no")));
        assert_eq!(mock.elapsed(), Duration::from_millis(300));
        assert_eq!(retry(Ok), Ok(1));
    }
}
