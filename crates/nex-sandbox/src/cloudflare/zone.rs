//! Zones: what their plan allows, and how the API shows them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::envelope::{Answer, ApiError, Outcome};
use super::paging::{Paging, Query};
use super::record::Record;
use super::settings::Settings;
use super::{Account, now};

/// What a zone's owner pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Plan {
    Free,
    Pro,
}

impl Plan {
    /// How many records a zone may have.
    pub(super) fn records(self) -> usize {
        match self {
            Self::Free => 200,
            Self::Pro => 3500,
        }
    }

    /// How many changes fit into one batch.
    pub(super) fn batch(self) -> usize {
        match self {
            Self::Free => 200,
            Self::Pro => 3500,
        }
    }

    pub(super) fn comment_length(self) -> usize {
        match self {
            Self::Free => 100,
            Self::Pro => 500,
        }
    }

    /// How many tags a record may have.
    pub(super) fn tags(self) -> usize {
        match self {
            Self::Free => 0,
            Self::Pro => 20,
        }
    }

    fn shown(self) -> Value {
        let (id, name, legacy) = match self {
            Self::Free => ("0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Free Website", "free"),
            Self::Pro => ("1feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Pro Website", "pro"),
        };
        json!({
            "id": id,
            "name": name,
            "price": 0,
            "currency": "USD",
            "frequency": "",
            "is_subscribed": self != Self::Free,
            "can_subscribe": false,
            "legacy_id": legacy,
            "legacy_discount": false,
            "externally_managed": false,
        })
    }
}

/// A zone and all that is in it.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) id: String,
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

    /// As the API shows it; without `permissions`, which is deprecated and not always there.
    fn shown(&self, account: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
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
            "account": { "id": account, "name": "Sandbox" },
            "tenant": { "id": null, "name": null },
            "tenant_unit": { "id": null },
            "plan": self.plan.shown(),
        })
    }
}

/// GET zones.
pub(super) fn list(account: &Account, query: &Query) -> Outcome {
    let zones = account
        .zones
        .iter()
        .filter(|zone| query.fits("name", &zone.name) && query.fits("status", "active"))
        .filter(|_| query.fits("account.id", &account.id))
        .map(|zone| zone.shown(&account.id))
        .collect();
    let paging = Paging {
        default: 20,
        allowed: 5..=50,
    };
    paging.cut(query, zones)
}

/// GET zones/{id}.
pub(super) fn get(account: &Account, id: &str) -> Outcome {
    Ok(Answer::one(account.zone(id)?.shown(&account.id)))
}

impl Account {
    /// The zone with this id.
    pub(super) fn zone(&self, id: &str) -> Result<&Zone, ApiError> {
        self.zones
            .iter()
            .find(|zone| zone.id == id)
            .ok_or_else(|| ApiError::no_object(&format!("/zones/{id}")))
    }

    /// The zone with this id, to change it.
    pub(super) fn zone_mut(&mut self, id: &str) -> Result<&mut Zone, ApiError> {
        self.zones
            .iter_mut()
            .find(|zone| zone.id == id)
            .ok_or_else(|| ApiError::no_object(&format!("/zones/{id}")))
    }
}
