//! A zone's settings, each with the values that it takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::envelope::{Answer, ApiError, Outcome};
use super::{Account, now};

/// A setting's name, its value in a new zone, and all that it takes.
const SETTINGS: [(&str, &str, &[&str]); 5] = [
    ("always_use_https", "off", &["on", "off"]),
    ("min_tls_version", "1.0", &["1.0", "1.1", "1.2", "1.3"]),
    ("ssl", "full", &["off", "flexible", "full", "strict"]),
    ("ssl_automatic_mode", "auto", &["auto", "custom"]),
    ("tls_client_auth", "off", &["on", "off"]),
];

/// What was changed, and when; anything else is as in a new zone.
#[derive(Debug, Default)]
pub(super) struct Settings(BTreeMap<&'static str, (String, String)>);

impl Settings {
    fn shown(&self, name: &str, default: &str) -> Value {
        let changed = self.0.get(name);
        json!({
            "id": name,
            "value": changed.map_or(default, |(value, _)| value),
            "editable": true,
            "modified_on": changed.map(|(_, when)| when),
        })
    }
}

/// GET settings.
pub(super) fn list(account: &Account, zone: &str) -> Outcome {
    let settings = &account.zone(zone)?.settings;
    let all: Vec<Value> = SETTINGS
        .iter()
        .map(|(name, default, _)| settings.shown(name, default))
        .collect();
    Ok(Answer::one(Value::Array(all)))
}

/// GET settings/{name}.
pub(super) fn get(account: &Account, zone: &str, name: &str) -> Outcome {
    let settings = &account.zone(zone)?.settings;
    let (name, default, _) = find(name)?;
    Ok(Answer::one(settings.shown(name, default)))
}

/// PATCH settings/{name}.
pub(super) fn change(account: &mut Account, zone: &str, name: &str, body: &Value) -> Outcome {
    let zone = account.zone_mut(zone)?;
    let (name, default, allowed) = find(name)?;
    let value = body["value"]
        .as_str()
        .filter(|value| allowed.contains(value))
        .ok_or_else(|| {
            ApiError::new(400, 1007, format!("Invalid value for zone setting {name}"))
        })?;
    zone.settings.0.insert(name, (value.to_owned(), now()));
    Ok(Answer::one(zone.settings.shown(name, default)))
}

type Setting = (&'static str, &'static str, &'static [&'static str]);

fn find(name: &str) -> Result<Setting, ApiError> {
    SETTINGS
        .into_iter()
        .find(|(known, ..)| *known == name)
        .ok_or_else(|| ApiError::new(400, 1006, format!("Unrecognized zone setting name: {name}")))
}
