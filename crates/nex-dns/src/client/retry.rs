//! Which failed calls are repeated, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::error::Error;
use super::pace::WINDOW;

/// How often a failed call is repeated, and how long the waits are. `Retry-After` can make a wait longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How many tries follow the first one.
    pub times: usize,
    /// The wait before the second try; each further wait is twice as long, with a random share on top.
    pub first: Duration,
    /// The longest such wait.
    pub longest: Duration,
}

impl Default for Retries {
    /// Four more tries, after about 0.5, 1, 2 and 4 s.
    fn default() -> Self {
        Self {
            times: 4,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
        }
    }
}

impl Retries {
    pub(super) fn backoff(&self) -> impl BackoffBuilder {
        ExponentialBuilder::default()
            .with_max_times(self.times)
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_jitter()
    }

    /// Whether another try may help and does no harm. `repeatable`: the call may be executed twice.
    ///
    /// - After 408, 409, 429, and the Origin CA's temporary fault 1100, nothing was done: any call is repeated.
    /// - After a 5xx, a broken connection or an answer that is not Cloudflare's, something may have been done: only
    ///   repeatable calls are repeated.
    /// - Other refusals are final. A refusal that asks for a wait longer than the rate limit's window is also final.
    pub(super) fn helps(&self, error: &Error, repeatable: bool) -> bool {
        if error.retry_after().is_some_and(|wait| wait > WINDOW) {
            return false;
        }
        match error {
            Error::NoAnswer { sent, .. } => repeatable || !sent,
            Error::Refused(refusal) => {
                refusal.has(&[1100]) || helps_by_status(refusal.status, repeatable)
            }
            // A 2xx answer that is not JSON comes from a program in between, such as a proxy with a login page.
            Error::NotJson { status, .. } => helps_by_status(*status, repeatable),
            _ => false,
        }
    }
}

fn helps_by_status(status: u16, repeatable: bool) -> bool {
    matches!(status, 408 | 409 | 429) || (repeatable && status >= 500)
}
