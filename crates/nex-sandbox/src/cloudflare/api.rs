//! The API: authenticates a call and executes its operation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, header};
use parking_lot::Mutex;
use serde_json::Value;

use super::account::Account;
use super::authority::Authority;
use super::envelope::{ApiError, Outcome};
use super::paging::Query;
use super::records::Change;
use super::route::{Operation, Route};
use super::seed::{self, ZoneSeed};
use super::token::{self, Owner};
use super::{certificates, networks, records, refusal, zones};
use crate::backend::{Backend, Refusal};
use crate::call::Call;
use crate::error::SandboxError;
use crate::response::FullResponse;

/// The Cloudflare emulator.
pub(crate) struct Cloudflare {
    pub(super) account: Mutex<Account>,
    pub(super) authority: Authority,
}

impl Cloudflare {
    /// An emulator that has the zone of the reference deployment.
    ///
    /// # Errors
    /// When the system provides no randomness for the key of the Origin CA.
    pub(crate) fn new(seed: ZoneSeed) -> Result<Self, SandboxError> {
        let mut account = Account::new();
        seed::seed(&mut account, seed);
        Ok(Self {
            account: Mutex::new(account),
            authority: Authority::new().map_err(|source| SandboxError::Authority {
                source: source.into(),
            })?,
        })
    }

    fn respond(&self, head: &Parts, body: &[u8]) -> FullResponse {
        let Some(route) = Route::of(&head.method, head.uri.path()) else {
            return ApiError::not_found(head.uri.path())
                .and(7000, "No route for that URI")
                .respond();
        };
        if route.operation == Operation::GetNetworks {
            return respond(networks::get());
        }
        let token = match token::bearer(&head.headers) {
            Ok(token) => token,
            Err(error) => return error.respond(),
        };
        let mut account = self.account.lock();
        let account = &mut *account;
        let counted = account.tokens.count(token, Instant::now(), &account.config);
        if let Some(counted) = counted.filter(|counted| counted.exceeded) {
            return refusal::throttled(counted.quota);
        }
        let mut response = respond(self.execute(account, token, route, head, body));
        if let Some(counted) = counted {
            refusal::set_quota(response.headers_mut(), counted.quota);
        }
        response
    }

    /// Checks the token's scope and the request, and executes the operation.
    fn execute(
        &self,
        account: &mut Account,
        token: &str,
        route: Route<'_>,
        head: &Parts,
        body: &[u8],
    ) -> Outcome {
        use Operation as O;
        let Route {
            operation,
            parent,
            object,
        } = route;
        if operation == O::VerifyToken {
            return account.tokens.verify(token, Owner::User);
        }
        account.tokens.allow(token, operation.scope())?;
        if !route.is_well_formed() {
            return Err(ApiError::not_found(head.uri.path()));
        }
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let body = json_body(head, body)?;
        match operation {
            O::VerifyAccountToken if parent == account.id => {
                account.tokens.verify(token, Owner::Account)
            }
            O::VerifyToken | O::VerifyAccountToken => Err(ApiError::not_found(head.uri.path())),
            O::GetNetworks => networks::get(),
            O::ListZones => zones::list(account, &query),
            O::GetZone => zones::get(account, parent),
            O::ListRecords => records::list(account, parent, &query),
            O::GetRecord => records::get(account, parent, object),
            O::CreateRecord => records::change(account, parent, Change::Post, "", &body),
            O::ReplaceRecord => records::change(account, parent, Change::Put, object, &body),
            O::UpdateRecord => records::change(account, parent, Change::Patch, object, &body),
            O::DeleteRecord => records::change(account, parent, Change::Delete, object, &body),
            O::BatchRecords => records::batch(account, parent, &body),
            O::ListSettings => account.zone(parent)?.settings.list(),
            O::GetSetting => account.zone(parent)?.settings.get(object),
            O::ChangeSetting => account.zone_mut(parent)?.settings.change(object, &body),
            O::ListCertificates => certificates::list(account, &query),
            O::CreateCertificate => certificates::create(account, &self.authority, &body),
            O::GetCertificate => certificates::get(account, object),
            O::RevokeCertificate => certificates::revoke(account, object),
        }
    }
}

impl Backend for Arc<Cloudflare> {
    fn identify(&self, head: &Parts, _body: &[u8]) -> Call {
        let operation = match Route::of(&head.method, head.uri.path()) {
            Some(route) => <&str>::from(route.operation).to_owned(),
            None => format!("{} {}", head.method, head.uri.path()),
        };
        Call {
            service: "cloudflare".into(),
            operation,
            mutating: head.method != Method::GET,
        }
    }

    async fn answer(&self, _call: &Call, head: Parts, body: Bytes) -> FullResponse {
        self.respond(&head, &body)
    }

    fn refuse(&self, _service: &str, refusal: Refusal) -> FullResponse {
        refusal::injected(refusal)
    }
}

fn respond(outcome: Outcome) -> FullResponse {
    match outcome {
        Ok(answer) => answer.respond(),
        Err(error) => error.respond(),
    }
}

/// The JSON object in the body of a POST, PUT or PATCH; null for other methods.
fn json_body(head: &Parts, body: &[u8]) -> Result<Value, ApiError> {
    if !matches!(head.method, Method::POST | Method::PUT | Method::PATCH) {
        return Ok(Value::Null);
    }
    let is_json = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|media_type| media_type.to_str().ok())
        .is_some_and(|media_type| media_type.starts_with("application/json"));
    if !is_json {
        return Err(ApiError::invalid_body(
            "Failed to parse request body, content-type must be application/json",
        ));
    }
    serde_json::from_slice(body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| ApiError::invalid_body("Request body is invalid."))
}

/// The base URL of an emulator on this port of 127.0.0.1.
pub(crate) fn base_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/client/v4/")
}

/// The environment variables that point a client at the emulator with this base URL.
pub(crate) fn env(base_url: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("CLOUDFLARE_BASE_URL", base_url.to_owned()),
        ("CLOUDFLARE_API_TOKEN", token::TOKEN.to_owned()),
    ])
}
