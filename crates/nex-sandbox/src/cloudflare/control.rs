//! The part of the control API that is the stand-in's own: `/_sandbox/cloudflare/...`.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Value, json};

use super::token::{self, Scope};
use super::zone::Plan;
use super::{Account, Cloudflare, Config, name};
use crate::control::{ok, problem};
use crate::gateway::lock;

/// A token to add. Without a text of its own it gets one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    token: Option<String>,
    scopes: Vec<Scope>,
    #[serde(default)]
    of_account: bool,
}

/// A zone to add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewZone {
    name: String,
    #[serde(default = "free")]
    plan: Plan,
}

fn free() -> Plan {
    Plan::Free
}

impl Cloudflare {
    /// Answers a call of the control API; `path` is what follows `/_sandbox/cloudflare/`.
    pub(crate) fn control(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
    ) -> Response<Full<Bytes>> {
        let mut account = lock(&self.account);
        let done = match (method.as_str(), path) {
            ("GET", "ca") => return pem(self.authority.root()),
            ("GET", "config") => return ok(&account.config),
            ("PATCH", "config") => change_config(&mut account, body),
            ("POST", "tokens") => parse(body).and_then(|new| add_token(&mut account, new)),
            ("POST", "zones") => parse(body).and_then(|new| add_zone(&mut account, new)),
            (method, path) => {
                return problem(
                    StatusCode::NOT_FOUND,
                    &format!("no such call: {method} /_sandbox/cloudflare/{path}"),
                );
            }
        };
        match done {
            Ok(value) => ok(&value),
            Err(why) => problem(StatusCode::BAD_REQUEST, &why),
        }
    }
}

fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|why| format!("bad body: {why}"))
}

/// Only what is named changes.
fn change_config(account: &mut Account, body: &[u8]) -> Result<Value, String> {
    let changes: serde_json::Map<String, Value> = parse(body)?;
    let mut whole = json!(account.config);
    if let Value::Object(fields) = &mut whole {
        fields.extend(changes);
    }
    account.config = serde_json::from_value::<Config>(whole.clone())
        .map_err(|why| format!("bad config: {why}"))?;
    Ok(whole)
}

fn add_token(account: &mut Account, new: NewToken) -> Result<Value, String> {
    let id = account.ids.next("token");
    let text = new.token.unwrap_or_else(|| format!("token-{id}-x"));
    if !token::is_token(&text) {
        return Err("a token is 40 or more letters, digits, - and _".into());
    }
    account
        .tokens
        .add(text.clone(), id.clone(), new.scopes, new.of_account);
    Ok(json!({ "id": id, "token": text, "account": account.id }))
}

fn add_zone(account: &mut Account, new: NewZone) -> Result<Value, String> {
    let name = name::target(&new.name).ok_or("bad name")?;
    if account.zones.iter().any(|zone| zone.name == name) {
        return Err(format!("there is a zone {name} already"));
    }
    let id = account.add_zone(&name, new.plan);
    Ok(json!({ "id": id, "name": name }))
}

fn pem(text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-pem-file"),
    );
    response
}
