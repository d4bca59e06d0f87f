//! The operations on Origin CA certificates.

use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::account::Account;
use super::authority::{Authority, Csr, KeyKind};
use super::certificate::Certificate;
use super::envelope::{Answer, ApiError, Outcome};
use super::name;
use super::paging::{Paging, Query};
use super::timestamp::now;

/// The validities that a request may ask for, in days.
const VALIDITIES: [i64; 7] = [7, 30, 90, 365, 730, 1095, 5475];
const DEFAULT_VALIDITY: f64 = 5475.0;

/// The body of `POST certificates`.
#[derive(Deserialize)]
struct Request {
    csr: String,
    hostnames: Vec<String>,
    request_type: String,
    requested_validity: Option<f64>,
}

/// `POST certificates`
pub(super) fn create(account: &mut Account, authority: &Authority, body: &Value) -> Outcome {
    let request =
        Request::deserialize(body).map_err(|error| invalid_request(&error.to_string()))?;
    let hostnames = hostnames(account, &request.hostnames)?;
    let days = request.requested_validity.unwrap_or(DEFAULT_VALIDITY) as i64;
    if !VALIDITIES.contains(&days) {
        return Err(invalid_request(&format!(
            "requested_validity must be one of {VALIDITIES:?}"
        )));
    }
    let csr =
        Csr::parse(&request.csr).map_err(|error| invalid_request(&format!("csr: {error}")))?;
    if csr.kind != key_kind(&request.request_type)? {
        return Err(invalid_request(
            "the key of the csr does not match request_type",
        ));
    }
    // X.509 times have no fractions of a second.
    let now = OffsetDateTime::now_utc();
    let expires = now.replace_nanosecond(0).unwrap_or(now) + Duration::days(days);
    let serial = account.ids.serial();
    let pem = authority
        .sign(&csr, &hostnames, serial, expires)
        .map_err(|error| ApiError::new(500, 1201, format!("CA signing failure. {error}")))?;
    let certificate = Certificate {
        id: serial.to_string(),
        pem,
        csr: request.csr,
        hostnames,
        request_type: request.request_type,
        days,
        expires,
        revoked_at: None,
    };
    let answer = Answer::new(certificate.to_json(account.config.expires_on));
    account.certificates.push(certificate);
    Ok(answer)
}

fn key_kind(request_type: &str) -> Result<KeyKind, ApiError> {
    request_type
        .parse()
        .map_err(|_| invalid_request(&format!("unknown request_type {request_type}")))
}

/// `GET certificates`: the certificates of one zone that are not revoked.
pub(super) fn list(account: &Account, query: &Query) -> Outcome {
    let id = query
        .get("zone_id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| ApiError::new(400, 1012, "zone_id is required"))?;
    let zone = &account.zone(id)?.name;
    let found = account
        .certificates
        .iter()
        .filter(|certificate| certificate.revoked_at.is_none() && certificate.is_in(zone))
        .map(|certificate| certificate.to_json(account.config.expires_on))
        .collect();
    let paging = Paging {
        default: 20,
        allowed: 5..=50,
    };
    paging.page(query, found)
}

/// `GET certificates/{id}`: also returns a revoked certificate, with `revoked_at`.
pub(super) fn get(account: &Account, id: &str) -> Outcome {
    let certificate = account
        .certificates
        .iter()
        .find(|certificate| certificate.id == id)
        .ok_or_else(|| not_found(id))?;
    Ok(Answer::new(certificate.to_json(account.config.expires_on)))
}

/// `DELETE certificates/{id}`
pub(super) fn revoke(account: &mut Account, id: &str) -> Outcome {
    let certificate = account
        .certificates
        .iter_mut()
        .find(|certificate| certificate.id == id && certificate.revoked_at.is_none())
        .ok_or_else(|| not_found(id))?;
    let when = now();
    certificate.revoked_at = Some(when.clone());
    Ok(Answer::new(json!({ "id": id, "revoked_at": when })))
}

/// The requested host names in canonical form. Each must belong to a zone of the account.
fn hostnames(account: &Account, requested: &[String]) -> Result<Vec<String>, ApiError> {
    if requested.is_empty() {
        return Err(invalid_request("hostnames is empty"));
    }
    let is_in_account = |name: &String| {
        let base = name.strip_prefix("*.").unwrap_or(name);
        let mut zones = account.zones.iter();
        zones.any(|zone| name::is_within(base, &zone.name))
    };
    requested
        .iter()
        .map(|hostname| {
            name::hostname(hostname)
                .filter(is_in_account)
                .ok_or_else(|| not_in_account(hostname))
        })
        .collect()
}

fn not_in_account(hostname: &str) -> ApiError {
    ApiError::new(
        400,
        1010,
        format!(
            "Failed to validate requested hostname {hostname}: This zone is either not part of your account, \
             or you do not have access to it. Please contact support if using a multi-user organization."
        ),
    )
}

/// Cloudflare documents that it refuses these requests, but not the code: 1009 is a guess.
fn invalid_request(why: &str) -> ApiError {
    ApiError::new(400, 1009, format!("Invalid certificate request: {why}"))
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found(&format!("/certificates/{id}"))
}
