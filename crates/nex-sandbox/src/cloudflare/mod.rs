//! Cloudflare's API v4 as nex meets it: stateful, in this process, as strict as the real one.
//!
//! One account that holds the reference's zone, with tokens and their scopes, records, settings,
//! and an Origin CA that really signs. It refuses what Cloudflare refuses, with Cloudflare's
//! codes. Where only the refusal is documented, and not its code, the code here is a guess and the
//! place says so: a client must not depend on it.
//!
//! What a test needs beside the API itself stands in the control API ([`control`]):
//!
//! | call | does |
//! |---|---|
//! | `GET /_sandbox/cloudflare/ca` | the Origin CA's root certificate in PEM |
//! | `GET`, `PATCH /_sandbox/cloudflare/config` | [`Config`]; PATCH changes what it names |
//! | `POST /_sandbox/cloudflare/tokens` | `{"scopes": ["dns:edit"], "token"?, "of_account"?}`: adds a token and gives it |
//! | `POST /_sandbox/cloudflare/zones` | `{"name", "plan"?}`: adds a zone, `free` or `pro`, and gives its id |

mod alone;
mod authority;
mod certificates;
mod content;
mod control;
mod envelope;
mod name;
mod networks;
mod paging;
mod record;
mod records;
mod refusal;
mod route;
mod seed;
mod settings;
mod token;
mod zone;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, header};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use authority::Authority;
use certificates::{ExpiresOn, Issued};
use envelope::{ApiError, Outcome};
use paging::Query;
use records::Change;
use route::{Operation, Route};
use token::Tokens;
use zone::Zone;

pub use alone::CloudflareSandbox;

use crate::call::Call;
use crate::error::SandboxError;
use crate::gateway::{Backend, Refusal, lock};

/// What can be set from outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// How many records a zone may have; its plan's number without it.
    record_quota: Option<usize>,
    /// How many calls a token may make in a window.
    rate_limit: u32,
    /// How long a window is.
    rate_window_s: u64,
    /// The form of a certificate's `expires_on`.
    expires_on: ExpiresOn,
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

/// All that the stand-in knows.
#[derive(Debug)]
struct Account {
    id: String,
    config: Config,
    ids: Ids,
    tokens: Tokens,
    zones: Vec<Zone>,
    certificates: Vec<Issued>,
}

/// The stand-in.
pub(crate) struct Cloudflare {
    account: Mutex<Account>,
    authority: Authority,
}

impl Cloudflare {
    /// With the reference's zone; with `seed`, other people's records are in it.
    ///
    /// # Errors
    /// When the system gives no randomness for the authority's key.
    pub(crate) fn new(seed: bool) -> Result<Self, SandboxError> {
        let mut ids = Ids::default();
        let mut account = Account {
            id: ids.next("account"),
            config: Config::default(),
            tokens: Tokens::new(ids.next("token")),
            ids,
            zones: Vec::new(),
            certificates: Vec::new(),
        };
        seed::plant(&mut account, seed);
        Ok(Self {
            account: Mutex::new(account),
            authority: Authority::new().map_err(|source| SandboxError::Authority {
                source: source.into(),
            })?,
        })
    }

    fn respond(&self, head: &Parts, body: &[u8]) -> Response<Full<Bytes>> {
        let Some(route) = Route::of(&head.method, head.uri.path()) else {
            return ApiError::no_object(head.uri.path())
                .and(7000, "No route for that URI")
                .respond();
        };
        if route.operation == Operation::GetNetworks {
            return finish(networks::get());
        }
        let token = match token::bearer(&head.headers) {
            Ok(token) => token,
            Err(error) => return error.respond(),
        };
        let mut account = lock(&self.account);
        let account = &mut *account;
        let counted = account.tokens.count(token, Instant::now(), &account.config);
        if let Some(counted) = counted.filter(|counted| counted.exceeded) {
            return refusal::throttled(counted.quota);
        }
        let mut response = finish(self.act(account, token, route, head, body));
        if let Some(counted) = counted {
            refusal::mark(response.headers_mut(), counted.quota);
        }
        response
    }

    /// Does what an authenticated call asks for.
    fn act(
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
            return account.tokens.verify(token, false);
        }
        account.tokens.allow(token, operation.scope())?;
        if !route.is_well_formed() {
            return Err(ApiError::no_object(head.uri.path()));
        }
        let query = Query::of(head.uri.query().unwrap_or_default());
        let body = json_body(head, body)?;
        match operation {
            O::VerifyAccountToken if parent == account.id => account.tokens.verify(token, true),
            O::VerifyToken | O::VerifyAccountToken => Err(ApiError::no_object(head.uri.path())),
            O::GetNetworks => networks::get(),
            O::ListZones => zone::list(account, &query),
            O::GetZone => zone::get(account, parent),
            O::ListRecords => records::list(account, parent, &query),
            O::GetRecord => records::get(account, parent, object),
            O::CreateRecord => records::change(account, parent, Change::Post, "", &body),
            O::ReplaceRecord => records::change(account, parent, Change::Put, object, &body),
            O::UpdateRecord => records::change(account, parent, Change::Patch, object, &body),
            O::DeleteRecord => records::change(account, parent, Change::Delete, object, &body),
            O::BatchRecords => records::batch(account, parent, &body),
            O::ListSettings => settings::list(account, parent),
            O::GetSetting => settings::get(account, parent, object),
            O::ChangeSetting => settings::change(account, parent, object, &body),
            O::ListCertificates => certificates::list(account, &query),
            O::CreateCertificate => certificates::create(account, &self.authority, &body),
            O::GetCertificate => certificates::get(account, object),
            O::RevokeCertificate => certificates::revoke(account, object),
        }
    }
}

impl Backend for Arc<Cloudflare> {
    fn call(&self, head: &Parts, _body: &[u8]) -> Call {
        let operation = Route::of(&head.method, head.uri.path()).map_or_else(
            || format!("{} {}", head.method, head.uri.path()),
            |route| format!("{:?}", route.operation),
        );
        Call {
            service: "cloudflare".into(),
            operation,
            mutating: head.method != Method::GET,
        }
    }

    async fn answer(&self, _service: &str, head: Parts, body: Bytes) -> Response<Full<Bytes>> {
        self.respond(&head, &body)
    }

    fn refuse(&self, _service: &str, refusal: Refusal) -> Response<Full<Bytes>> {
        refusal::injected(refusal)
    }
}

fn finish(outcome: Outcome) -> Response<Full<Bytes>> {
    match outcome {
        Ok(answer) => answer.respond(),
        Err(error) => error.respond(),
    }
}

/// The object in the body of a call that has one; null for a call that has none.
fn json_body(head: &Parts, body: &[u8]) -> Result<Value, ApiError> {
    if !matches!(head.method, Method::POST | Method::PUT | Method::PATCH) {
        return Ok(Value::Null);
    }
    let is_json = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        return Err(ApiError::body(
            "Failed to parse request body, content-type must be application/json",
        ));
    }
    serde_json::from_slice(body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| ApiError::body("Request body is invalid."))
}

/// Ids that never repeat, in the form that Cloudflare's have.
#[derive(Debug, Clone, Default)]
struct Ids {
    last: u64,
}

impl Ids {
    /// 32 hexadecimal digits.
    fn next(&mut self, kind: &str) -> String {
        self.last += 1;
        let hash = Sha256::digest(format!("{kind} {}", self.last));
        hex::encode(&hash[..16])
    }

    /// A certificate's serial number, which is its id too. The first bit is clear, so that it is
    /// positive as DER has it.
    fn serial(&mut self) -> u128 {
        u128::from_str_radix(&self.next("certificate"), 16).unwrap_or(1) >> 1
    }
}

/// This moment as the API writes it.
fn now() -> String {
    OffsetDateTime::now_utc()
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// Where the API is when it is on this port.
pub(crate) fn base_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/client/v4/")
}

/// The variables that point a client at the stand-in whose API is at `base_url`.
pub(crate) fn env(base_url: &str) -> [(&'static str, String); 2] {
    [
        ("CLOUDFLARE_BASE_URL", base_url.to_owned()),
        ("CLOUDFLARE_API_TOKEN", token::TOKEN.to_owned()),
    ]
}
