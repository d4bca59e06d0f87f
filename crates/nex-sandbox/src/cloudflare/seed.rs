//! The initial state of the account: the zone of the reference deployment.

use serde_json::{Value, json};

use super::account::Account;
use super::plan::Plan;
use super::records::{self, Change};

/// The name of the reference deployment's zone.
const ZONE: &str = "paywithnex.com";

/// The records that the zone has at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneSeed {
    /// No records.
    Empty,
    /// Mail and web site records that do not belong to nex.
    ForeignRecords,
}

/// Adds the zone with its initial records.
pub(super) fn seed(account: &mut Account, seed: ZoneSeed) {
    let id = account.add_zone(ZONE, Plan::Free);
    if seed == ZoneSeed::ForeignRecords {
        for record in foreign_records() {
            let created = records::change(account, &id, Change::Post, "", &record);
            debug_assert!(created.is_ok(), "{record}: {created:?}");
        }
    }
}

fn foreign_records() -> [Value; 6] {
    [
        json!({ "type": "A", "name": "www", "content": "198.51.100.10", "proxied": true,
            "comment": "web site, by marketing" }),
        json!({ "type": "MX", "name": "@", "content": "mx1.mail.example.net", "priority": 10,
            "ttl": 3600 }),
        json!({ "type": "MX", "name": "@", "content": "mx2.mail.example.net", "priority": 20,
            "ttl": 3600 }),
        json!({ "type": "TXT", "name": "@", "ttl": 3600,
            "content": "\"v=spf1 include:_spf.mail.example.net -all\"" }),
        json!({ "type": "TXT", "name": "_dmarc", "ttl": 3600, "content": "\"v=DMARC1; p=reject\"" }),
        json!({ "type": "CAA", "name": "@", "ttl": 3600,
            "data": { "flags": 0, "tag": "issue", "value": "letsencrypt.org" } }),
    ]
}
