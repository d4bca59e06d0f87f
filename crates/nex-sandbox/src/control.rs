//! The control API under `/_sandbox/`.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::gateway::{Shared, lock};
use crate::rules::Rule;

/// One rule or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    More(Vec<Rule>),
    One(Rule),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    ms: u64,
}

/// Answers a call of the control API; `path` is what follows `/_sandbox/`.
pub(crate) fn answer(
    shared: &Shared,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Response<Full<Bytes>> {
    if let Some(path) = path.strip_prefix("cloudflare/") {
        return shared.cloudflare.control(method, path, body);
    }
    match (method.as_str(), path) {
        ("GET", "health") => ok(&json!({
            "pid": std::process::id(),
            "uptime_ms": shared.started.elapsed().as_millis() as u64,
        })),
        ("GET", "rules") => ok(&lock(&shared.rules).list()),
        ("POST", "rules") => add_rules(shared, body),
        ("DELETE", "rules") => {
            lock(&shared.rules).clear();
            ok(&json!({}))
        }
        ("GET", "calls") => ok(&lock(&shared.journal).calls()),
        ("DELETE", "calls") => {
            lock(&shared.journal).reset();
            ok(&json!({}))
        }
        ("GET", "delay") => ok(&Delay {
            ms: shared.delay_ms.load(Ordering::Relaxed),
        }),
        ("PUT", "delay") => set_delay(shared, body),
        ("POST", "shutdown") => {
            shared.shutdown.notify_one();
            ok(&json!({}))
        }
        ("DELETE", path) => remove_rule(shared, path),
        (method, path) => problem(
            StatusCode::NOT_FOUND,
            &format!("no such call: {method} /_sandbox/{path}"),
        ),
    }
}

fn add_rules(shared: &Shared, body: &[u8]) -> Response<Full<Bytes>> {
    let rules = match serde_json::from_slice(body) {
        Ok(OneOrMore::More(rules)) => rules,
        Ok(OneOrMore::One(rule)) => vec![rule],
        // The untagged form hides what is wrong: ask again for one rule.
        Err(_) => match serde_json::from_slice::<Rule>(body) {
            Ok(rule) => vec![rule],
            Err(why) => return problem(StatusCode::BAD_REQUEST, &format!("bad rule: {why}")),
        },
    };
    let mut kept = lock(&shared.rules);
    let ids: Vec<u64> = rules.into_iter().map(|rule| kept.add(rule)).collect();
    ok(&json!({ "ids": ids }))
}

fn remove_rule(shared: &Shared, path: &str) -> Response<Full<Bytes>> {
    let id = path.strip_prefix("rules/").and_then(|id| id.parse().ok());
    match id {
        Some(id) if lock(&shared.rules).remove(id) => ok(&json!({})),
        _ => problem(StatusCode::NOT_FOUND, &format!("no such rule: {path}")),
    }
}

fn set_delay(shared: &Shared, body: &[u8]) -> Response<Full<Bytes>> {
    match serde_json::from_slice::<Delay>(body) {
        Ok(delay) => {
            shared.delay_ms.store(delay.ms, Ordering::Relaxed);
            ok(&delay)
        }
        Err(why) => problem(StatusCode::BAD_REQUEST, &format!("bad delay: {why}")),
    }
}

pub(crate) fn ok(value: &impl Serialize) -> Response<Full<Bytes>> {
    respond(
        StatusCode::OK,
        serde_json::to_vec(value).unwrap_or_default(),
    )
}

pub(crate) fn problem(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    respond(status, json!({ "error": why }).to_string().into_bytes())
}

fn respond(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    response
}
