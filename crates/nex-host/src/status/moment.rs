//! Moments in a status.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::text::{InvalidText, as_text};

/// A moment in UTC, to the second, between the years 1970 and 9999. As text: RFC 3339, such as `2026-11-30T13:36:16Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

/// The last second of the year 9999, the last one that RFC 3339 can express.
const LAST: u64 = 253_402_300_799;

impl Timestamp {
    /// The moment this many seconds after the start of 1970, or the last one that a timestamp can hold.
    pub fn from_unix(seconds: u64) -> Self {
        Self(seconds.min(LAST))
    }

    /// The seconds since the start of 1970.
    pub fn unix(self) -> u64 {
        self.0
    }

    /// The time from an earlier moment to this one; zero if the other one is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0).unwrap_or_default();
        let moment = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok();
        let seconds = moment.and_then(|moment| u64::try_from(moment.unix_timestamp()).ok());
        seconds.map(Self::from_unix).ok_or(InvalidText {
            what: "a moment",
            allowed: "RFC 3339 from 1970 on, such as 2026-11-30T13:36:16Z",
        })
    }
}

as_text!(Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_rfc_3339_in_utc() {
        let moment = Timestamp::from_unix(1_796_045_776);
        assert_eq!(moment.to_string(), "2026-11-30T13:36:16Z");
        for text in ["2026-11-30T13:36:16Z", "2026-11-30T14:36:16.5+01:00"] {
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
        for text in ["2026-11-30", "1969-12-31T23:59:59Z", ""] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_moment_has_a_text() {
        for seconds in [0, LAST, u64::MAX] {
            let moment = Timestamp::from_unix(seconds);
            assert_eq!(moment.to_string().parse(), Ok(moment));
            assert_eq!(moment.to_string().len(), "2026-11-30T13:36:16Z".len());
        }
    }
}
