//! What the control API can configure.

use serde::{Deserialize, Serialize};

use super::timestamp::ExpiresOn;

/// The configuration of the emulator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The maximum number of records in a zone; by default, the limit of the zone's plan.
    pub(super) record_quota: Option<usize>,
    /// The maximum number of calls with one token in a window.
    pub(super) rate_limit: u32,
    /// The length of a window in seconds.
    pub(super) rate_window_s: u64,
    /// The format of a certificate's `expires_on`.
    pub(super) expires_on: ExpiresOn,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            record_quota: None,
            rate_limit: 1200,
            rate_window_s: 300,
            expires_on: ExpiresOn::Rfc3339,
        }
    }
}
