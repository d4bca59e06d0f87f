//! The emulator's part of the control API: `/_sandbox/cloudflare/...`.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::account::Account;
use super::api::Cloudflare;
use super::config::Config;
use super::name;
use super::plan::Plan;
use super::records;
use super::token::{self, Owner, Scope, Token};
use crate::backend::ControlExtension;
use crate::control::{ok, problem};
use crate::response::{FullResponse, response};

/// The body of `POST tokens`. Without a text, the emulator chooses one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    token: Option<String>,
    scopes: Vec<Scope>,
    #[serde(default)]
    of_account: bool,
}

/// The body of `POST records`: a record of another product, such as Workers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagedRecord {
    /// The id of the zone.
    zone: String,
    /// The record, as in a call of the API.
    record: Value,
    meta: serde_json::Map<String, Value>,
}

/// The body of `POST zones`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewZone {
    name: String,
    #[serde(default)]
    plan: Plan,
}

impl ControlExtension for Cloudflare {
    fn control(&self, method: &Method, path: &str, body: &[u8]) -> FullResponse {
        let mut account = self.account.lock();
        let result = match (method.as_str(), path) {
            ("GET", "ca") => {
                let root = self.authority.root().to_owned();
                return response(StatusCode::OK, "application/x-pem-file", root);
            }
            ("GET", "config") => return ok(&account.config),
            ("PATCH", "config") => change_config(&mut account, body),
            ("POST", "tokens") => parse(body).and_then(|new| add_token(&mut account, new)),
            ("POST", "records") => parse(body).and_then(|new| add_record(&mut account, new)),
            ("POST", "zones") => parse(body).and_then(|new| add_zone(&mut account, new)),
            (method, path) => {
                return problem(
                    StatusCode::NOT_FOUND,
                    &format!("unknown control call: {method} /_sandbox/cloudflare/{path}"),
                );
            }
        };
        match result {
            Ok(value) => ok(&value),
            Err(message) => problem(StatusCode::BAD_REQUEST, &message),
        }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("invalid body: {error}"))
}

/// Changes the given fields only.
fn change_config(account: &mut Account, body: &[u8]) -> Result<Value, String> {
    let changes: serde_json::Map<String, Value> = parse(body)?;
    let mut merged = json!(account.config);
    if let Value::Object(fields) = &mut merged {
        fields.extend(changes);
    }
    account.config =
        Config::deserialize(&merged).map_err(|error| format!("invalid config: {error}"))?;
    Ok(merged)
}

fn add_token(account: &mut Account, new: NewToken) -> Result<Value, String> {
    let id = account.ids.next("token");
    let text = new.token.unwrap_or_else(|| format!("token-{id}-x"));
    if !token::is_token(&text) {
        return Err("a token must have 40 to 255 letters, digits, - and _".into());
    }
    let owner = if new.of_account {
        Owner::Account
    } else {
        Owner::User
    };
    let token = Token::new(id.clone(), new.scopes, owner);
    account.tokens.add(text.clone(), token);
    Ok(json!({ "id": id, "token": text, "account": account.id }))
}

fn add_record(account: &mut Account, new: ManagedRecord) -> Result<Value, String> {
    let added = records::add_managed(account, &new.zone, &new.record, new.meta);
    let added = added.map_err(|error| format!("invalid record: {error:?}"))?;
    Ok(added.into_result())
}

fn add_zone(account: &mut Account, new: NewZone) -> Result<Value, String> {
    let name = name::hostname(&new.name).ok_or("invalid zone name")?;
    if account.zones.iter().any(|zone| zone.name == name) {
        return Err(format!("the zone {name} already exists"));
    }
    let id = account.add_zone(&name, new.plan);
    Ok(json!({ "id": id, "name": name }))
}
