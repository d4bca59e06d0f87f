//! The operations on zones.

use super::account::Account;
use super::envelope::{Answer, Outcome};
use super::paging::{Paging, Query};

/// `GET zones`. The name of an internationalised zone is compared in unicode only (cloudflare/cloudflare-go#347).
pub(super) fn list(account: &Account, query: &Query) -> Outcome {
    let zones = account
        .zones
        .iter()
        .filter(|zone| {
            query.matches("name", &zone.display_name()) && query.matches("status", "active")
        })
        .filter(|_| query.matches("account.id", &account.id))
        .map(|zone| zone.to_json(&account.id))
        .collect();
    let paging = Paging {
        default: 20,
        allowed: 5..=50,
    };
    paging.page(query, zones)
}

/// `GET zones/{id}`
pub(super) fn get(account: &Account, id: &str) -> Outcome {
    let zone = account.zone(id)?;
    Ok(Answer::new(zone.to_json(&account.id)))
}
