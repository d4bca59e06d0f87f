//! A certificate that the Origin CA has issued.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::name;
use super::timestamp::ExpiresOn;

/// An issued certificate, which may be revoked.
#[derive(Debug)]
pub(super) struct Certificate {
    /// The serial number as a decimal number.
    pub(super) id: String,
    pub(super) pem: String,
    pub(super) csr: String,
    pub(super) hostnames: Vec<String>,
    pub(super) request_type: String,
    /// The requested validity in days.
    pub(super) days: i64,
    pub(super) expires: OffsetDateTime,
    pub(super) revoked_at: Option<String>,
}

impl Certificate {
    /// The certificate as the API returns it.
    pub(super) fn to_json(&self, expires_on: ExpiresOn) -> Value {
        let mut json = json!({
            "id": self.id,
            "certificate": self.pem,
            "csr": self.csr,
            "hostnames": self.hostnames,
            "request_type": self.request_type,
            "requested_validity": self.days,
            "expires_on": expires_on.format(self.expires),
        });
        if let Some(when) = &self.revoked_at {
            json["revoked_at"] = json!(when);
        }
        json
    }

    /// Whether one of the host names belongs to the zone.
    pub(super) fn is_in(&self, zone: &str) -> bool {
        self.hostnames
            .iter()
            .any(|hostname| name::is_within(hostname, zone))
    }
}
