//! The control API under `/_sandbox/`.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::response::{FullResponse, json_response};
use crate::rules::Rule;
use crate::shared::Shared;

/// The body of `POST rules`.
#[derive(Deserialize)]
#[serde(untagged)]
enum RuleList {
    Many(Vec<Rule>),
    One(Rule),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Millis {
    ms: u64,
}

/// Answers a control call. `path` is the part after `/_sandbox/`.
pub(crate) fn answer(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> FullResponse {
    if let Some(path) = path.strip_prefix("cloudflare/") {
        return shared.cloudflare.control(method, path, body);
    }
    match (method.as_str(), path) {
        ("GET", "health") => ok(&json!({
            "pid": std::process::id(),
            "uptime_ms": shared.started.elapsed().as_millis() as u64,
        })),
        ("GET", "rules") => ok(&shared.rules.lock().list()),
        ("POST", "rules") => add_rules(shared, body),
        ("DELETE", "rules") => {
            shared.rules.lock().clear();
            ok(&json!({}))
        }
        ("GET", "calls") => ok(&shared.journal.lock().calls()),
        ("DELETE", "calls") => {
            shared.journal.lock().reset();
            ok(&json!({}))
        }
        ("GET", "delay") => millis(&shared.delay_ms),
        ("PUT", "delay") => set_millis(&shared.delay_ms, path, body),
        ("GET", "lag") => millis(&shared.lag_ms),
        ("PUT", "lag") => set_millis(&shared.lag_ms, path, body),
        ("POST", "shutdown") => {
            shared.shutdown.notify_one();
            ok(&json!({}))
        }
        ("DELETE", path) => remove_rule(shared, path),
        (method, path) => problem(
            StatusCode::NOT_FOUND,
            &format!("unknown control call: {method} /_sandbox/{path}"),
        ),
    }
}

fn add_rules(shared: &Shared, body: &[u8]) -> FullResponse {
    let rules = match serde_json::from_slice(body) {
        Ok(RuleList::Many(rules)) => rules,
        Ok(RuleList::One(rule)) => vec![rule],
        // An untagged enum hides the cause of the error, so parse the body as one rule.
        Err(_) => match serde_json::from_slice::<Rule>(body) {
            Ok(rule) => vec![rule],
            Err(error) => {
                return problem(StatusCode::BAD_REQUEST, &format!("invalid rule: {error}"));
            }
        },
    };
    let mut active = shared.rules.lock();
    let ids: Vec<u64> = rules.into_iter().map(|rule| active.add(rule)).collect();
    ok(&json!({ "ids": ids }))
}

fn remove_rule(shared: &Shared, path: &str) -> FullResponse {
    let id = path.strip_prefix("rules/").and_then(|id| id.parse().ok());
    match id {
        Some(id) if shared.rules.lock().remove(id) => ok(&json!({})),
        _ => problem(StatusCode::NOT_FOUND, &format!("rule not found: {path}")),
    }
}

fn millis(of: &AtomicU64) -> FullResponse {
    ok(&Millis {
        ms: of.load(Ordering::Relaxed),
    })
}

/// `what` is the name of the setting.
fn set_millis(of: &AtomicU64, what: &str, body: &[u8]) -> FullResponse {
    match serde_json::from_slice::<Millis>(body) {
        Ok(millis) => {
            of.store(millis.ms, Ordering::Relaxed);
            ok(&millis)
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, &format!("invalid {what}: {error}")),
    }
}

/// A successful answer of the control API.
pub(crate) fn ok(value: &impl Serialize) -> FullResponse {
    json_response(StatusCode::OK, value)
}

/// An error answer of the control API.
pub(crate) fn problem(status: StatusCode, message: &str) -> FullResponse {
    json_response(status, &json!({ "error": message }))
}
