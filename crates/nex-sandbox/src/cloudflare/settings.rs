//! The settings of a zone and the values that each of them allows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::envelope::{Answer, ApiError, Outcome};
use super::timestamp::now;

/// A setting of a zone.
struct Setting {
    name: &'static str,
    /// The value in a new zone.
    default: &'static str,
    allowed: &'static [&'static str],
}

static SETTINGS: [Setting; 5] = [
    Setting {
        name: "always_use_https",
        default: "off",
        allowed: &["on", "off"],
    },
    Setting {
        name: "min_tls_version",
        default: "1.0",
        allowed: &["1.0", "1.1", "1.2", "1.3"],
    },
    Setting {
        name: "ssl",
        default: "full",
        allowed: &["off", "flexible", "full", "strict"],
    },
    Setting {
        name: "ssl_automatic_mode",
        default: "auto",
        allowed: &["auto", "custom"],
    },
    Setting {
        name: "tls_client_auth",
        default: "off",
        allowed: &["on", "off"],
    },
];

/// The settings that were changed; the others have their defaults.
#[derive(Debug, Default)]
pub(super) struct Settings(BTreeMap<&'static str, Changed>);

#[derive(Debug)]
struct Changed {
    value: String,
    modified_on: String,
}

impl Settings {
    /// `GET settings`
    pub(super) fn list(&self) -> Outcome {
        let all: Vec<Value> = SETTINGS.iter().map(|one| self.to_json(one)).collect();
        Ok(Answer::new(Value::Array(all)))
    }

    /// `GET settings/{name}`
    pub(super) fn get(&self, name: &str) -> Outcome {
        Ok(Answer::new(self.to_json(find(name)?)))
    }

    /// `PATCH settings/{name}`
    pub(super) fn change(&mut self, name: &str, body: &Value) -> Outcome {
        let setting = find(name)?;
        let value = body["value"]
            .as_str()
            .filter(|value| setting.allowed.contains(value))
            .ok_or_else(|| {
                ApiError::new(400, 1007, format!("Invalid value for zone setting {name}"))
            })?;
        let changed = Changed {
            value: value.to_owned(),
            modified_on: now(),
        };
        self.0.insert(setting.name, changed);
        Ok(Answer::new(self.to_json(setting)))
    }

    fn to_json(&self, setting: &Setting) -> Value {
        let changed = self.0.get(setting.name);
        json!({
            "id": setting.name,
            "value": changed.map_or(setting.default, |changed| &changed.value),
            "editable": true,
            "modified_on": changed.map(|changed| &changed.modified_on),
        })
    }
}

fn find(name: &str) -> Result<&'static Setting, ApiError> {
    SETTINGS
        .iter()
        .find(|setting| setting.name == name)
        .ok_or_else(|| ApiError::new(400, 1006, format!("Unrecognized zone setting name: {name}")))
}
