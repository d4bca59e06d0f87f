//! The formats in which the API writes points in time.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// The format of a certificate's `expires_on`. Cloudflare has used both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExpiresOn {
    /// `2040-04-05T13:40:00Z`
    Rfc3339,
    /// `2040-04-05 13:40:00 +0000 UTC`, as Go prints a time.
    Go,
}

const GO: StaticFormatDescription =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");

impl ExpiresOn {
    /// Writes a time, which must be in UTC.
    pub(super) fn format(self, time: OffsetDateTime) -> String {
        let text = match self {
            Self::Rfc3339 => time.format(&Rfc3339),
            Self::Go => time.format(GO),
        };
        text.unwrap_or_default()
    }
}

/// The current time, as the API writes it.
pub(super) fn now() -> String {
    let now = OffsetDateTime::now_utc();
    now.format(&Rfc3339).unwrap_or_default()
}
