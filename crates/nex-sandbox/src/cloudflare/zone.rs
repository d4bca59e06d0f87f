//! A zone and everything in it.

use serde_json::{Value, json};

use super::plan::Plan;
use super::record::Record;
use super::settings::Settings;
use super::timestamp::now;

/// A zone.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) id: String,
    /// The name in punycode, as in the names of its records.
    pub(super) name: String,
    pub(super) plan: Plan,
    pub(super) records: Vec<Record>,
    pub(super) settings: Settings,
    created_on: String,
}

impl Zone {
    pub(super) fn new(id: String, name: String, plan: Plan) -> Self {
        Self {
            id,
            name,
            plan,
            records: Vec::new(),
            settings: Settings::default(),
            created_on: now(),
        }
    }

    /// The name as the API lists it: in unicode, unlike the names of records.
    pub(super) fn display_name(&self) -> String {
        idna::domain_to_unicode(&self.name).0
    }

    /// The zone as the API returns it to the account with this id. The field `permissions` is
    /// left out: it is deprecated, and Cloudflare does not always return it.
    pub(super) fn to_json(&self, account_id: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.display_name(),
            "status": "active",
            "paused": false,
            "type": "full",
            "development_mode": 0,
            "name_servers": ["ada.ns.cloudflare.com", "lee.ns.cloudflare.com"],
            "original_name_servers": null,
            "original_registrar": null,
            "original_dnshost": null,
            "vanity_name_servers": [],
            "created_on": self.created_on,
            "modified_on": self.created_on,
            "activated_on": self.created_on,
            "meta": {
                "step": 4,
                "custom_certificate_quota": 0,
                "page_rule_quota": 3,
                "phishing_detected": false,
            },
            "owner": { "id": null, "type": "user", "email": null },
            "account": { "id": account_id, "name": "Sandbox" },
            "tenant": { "id": null, "name": null },
            "tenant_unit": { "id": null },
            "plan": self.plan.to_json(),
        })
    }
}
