//! What is in the account at the start: the reference's zone, with records that are not nex's.

use serde_json::{Value, json};

use super::Account;
use super::records::{self, Change};
use super::zone::{Plan, Zone};

/// The reference's zone.
pub(super) const ZONE: &str = "paywithnex.com";

/// The zone; with `foreign`, mail and a web site that others look after.
pub(super) fn plant(account: &mut Account, foreign: bool) {
    let id = account.add_zone(ZONE, Plan::Free);
    if !foreign {
        return;
    }
    for record in foreign_records() {
        let planted = records::change(account, &id, Change::Post, "", &record);
        debug_assert!(planted.is_ok(), "{record}: {planted:?}");
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

impl Account {
    /// Adds an active zone and gives its id.
    pub(super) fn add_zone(&mut self, name: &str, plan: Plan) -> String {
        let id = self.ids.next("zone");
        self.zones
            .push(Zone::new(id.clone(), name.to_owned(), plan));
        id
    }
}
