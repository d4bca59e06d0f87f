//! The time, passed in so that tests can choose it.

use std::time::SystemTime;

use nex_host::Timestamp;

/// Gives the present moment.
pub type Clock = fn() -> Timestamp;

/// The machine's clock.
pub fn system() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // A clock before 1970 is not set yet.
    Timestamp::from_unix(since.map_or(0, |since| since.as_secs()))
}
