//! Origin CA certificates: requested, listed, revoked.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::authority::{Authority, Csr, KeyKind};
use super::envelope::{Answer, ApiError, Outcome};
use super::paging::{Paging, Query};
use super::{Account, name, now};

/// How many days a certificate may be asked to live.
const VALIDITIES: [i64; 7] = [7, 30, 90, 365, 730, 1095, 5475];

/// The form of `expires_on`: Cloudflare has given both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExpiresOn {
    /// `2040-04-05T13:40:00Z`
    Rfc3339,
    /// `2040-04-05 13:40:00 +0000 UTC`
    Go,
}

/// A certificate that was issued, revoked or not.
#[derive(Debug)]
pub(super) struct Issued {
    id: String,
    pem: String,
    csr: String,
    hostnames: Vec<String>,
    request_type: String,
    days: i64,
    expires: OffsetDateTime,
    revoked_at: Option<String>,
}

impl Issued {
    fn shown(&self, form: ExpiresOn) -> Value {
        let mut whole = json!({
            "id": self.id,
            "certificate": self.pem,
            "csr": self.csr,
            "hostnames": self.hostnames,
            "request_type": self.request_type,
            "requested_validity": self.days,
            "expires_on": expires_on(self.expires, form),
        });
        if let Some(when) = &self.revoked_at {
            whole["revoked_at"] = json!(when);
        }
        whole
    }

    fn is_in(&self, zone: &str) -> bool {
        self.hostnames
            .iter()
            .any(|hostname| name::is_within(hostname, zone))
    }
}

fn expires_on(when: OffsetDateTime, form: ExpiresOn) -> String {
    match form {
        ExpiresOn::Rfc3339 => when.format(&Rfc3339).unwrap_or_default(),
        ExpiresOn::Go => format!(
            "{} {:02}:{:02}:{:02} +0000 UTC",
            when.date(),
            when.hour(),
            when.minute(),
            when.second()
        ),
    }
}

/// What POST takes.
#[derive(Deserialize)]
struct Request {
    csr: String,
    hostnames: Vec<String>,
    request_type: String,
    requested_validity: Option<f64>,
}

/// POST certificates.
pub(super) fn create(account: &mut Account, authority: &Authority, body: &Value) -> Outcome {
    let request = Request::deserialize(body).map_err(|why| refused(&why.to_string()))?;
    let hostnames = hostnames(account, &request.hostnames)?;
    let days = request.requested_validity.unwrap_or(5475.0) as i64;
    if !VALIDITIES.contains(&days) {
        return Err(refused(&format!(
            "requested_validity must be one of {VALIDITIES:?}"
        )));
    }
    let csr = Csr::parse(&request.csr).map_err(|why| refused(&format!("csr: {why}")))?;
    let fits = match request.request_type.as_str() {
        "origin-rsa" => csr.kind == KeyKind::Rsa,
        "origin-ecc" => csr.kind == KeyKind::Ecc,
        other => return Err(refused(&format!("request_type {other} is not one"))),
    };
    if !fits {
        return Err(refused("the key of the csr does not match request_type"));
    }
    // Certificates know whole seconds.
    let until = OffsetDateTime::now_utc()
        .replace_nanosecond(0)
        .unwrap_or_else(|_| OffsetDateTime::now_utc())
        + Duration::days(days);
    let serial = account.ids.serial();
    let pem = authority
        .sign(&csr, &hostnames, serial, until)
        .map_err(|why| ApiError::new(500, 1201, format!("CA signing failure. {why}")))?;
    let issued = Issued {
        id: serial.to_string(),
        pem,
        csr: request.csr,
        hostnames,
        request_type: request.request_type,
        days,
        expires: until,
        revoked_at: None,
    };
    let shown = issued.shown(account.config.expires_on);
    account.certificates.push(issued);
    Ok(Answer::one(shown))
}

/// GET certificates: those in force, for one zone.
pub(super) fn list(account: &Account, query: &Query) -> Outcome {
    let id = query
        .get("zone_id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| ApiError::new(400, 1012, "zone_id is required"))?;
    let zone = &account.zone(id)?.name;
    let shown = account
        .certificates
        .iter()
        .filter(|issued| issued.revoked_at.is_none() && issued.is_in(zone))
        .map(|issued| issued.shown(account.config.expires_on))
        .collect();
    let paging = Paging {
        default: 20,
        allowed: 5..=50,
    };
    paging.cut(query, shown)
}

/// GET certificates/{id}. A revoked one is still there, and says so.
pub(super) fn get(account: &Account, id: &str) -> Outcome {
    let issued = account.certificates.iter().find(|issued| issued.id == id);
    let issued = issued.ok_or_else(|| no_certificate(id))?;
    Ok(Answer::one(issued.shown(account.config.expires_on)))
}

/// DELETE certificates/{id}.
pub(super) fn revoke(account: &mut Account, id: &str) -> Outcome {
    let found = account
        .certificates
        .iter_mut()
        .find(|issued| issued.id == id && issued.revoked_at.is_none());
    let issued = found.ok_or_else(|| no_certificate(id))?;
    let when = now();
    issued.revoked_at = Some(when.clone());
    Ok(Answer::one(json!({ "id": id, "revoked_at": when })))
}

/// The names in canonical form, each within one of the account's zones.
fn hostnames(account: &Account, asked: &[String]) -> Result<Vec<String>, ApiError> {
    if asked.is_empty() {
        return Err(refused("hostnames is empty"));
    }
    asked
        .iter()
        .map(|hostname| {
            name::target(hostname)
                .filter(|name| {
                    let bare = name.strip_prefix("*.").unwrap_or(name);
                    account
                        .zones
                        .iter()
                        .any(|zone| name::is_within(bare, &zone.name))
                })
                .ok_or_else(|| {
                    ApiError::new(
                        400,
                        1010,
                        format!(
                            "Failed to validate requested hostname {hostname}: This zone is either not part of your account, \
                             or you do not have access to it. Please contact support if using a multi-user organization."
                        ),
                    )
                })
        })
        .collect()
}

/// That these are refused is documented; the code is not.
fn refused(why: &str) -> ApiError {
    ApiError::new(400, 1009, format!("Invalid certificate request: {why}"))
}

fn no_certificate(id: &str) -> ApiError {
    ApiError::no_object(&format!("/certificates/{id}"))
}
