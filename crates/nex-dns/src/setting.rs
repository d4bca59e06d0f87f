//! The zone's settings as Cloudflare names and writes them.

use std::collections::BTreeMap;

use crate::spec::Settings;

/// A setting of the zone, in the order of their change: `ssl_automatic_mode` comes first, so that Cloudflare stops
/// changing `ssl` by itself.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Setting {
    /// `ssl_automatic_mode`: `auto` or `custom`.
    SslAutomaticMode,
    /// `ssl`: `off`, `flexible`, `full` or `strict`.
    Ssl,
    /// `min_tls_version`: `1.0` to `1.3`.
    MinTlsVersion,
    /// `tls_client_auth`: `on` or `off`.
    TlsClientAuth,
    /// `always_use_https`: `on` or `off`.
    AlwaysUseHttps,
}

impl Settings {
    /// The settings that the spec names, each with its value as the API writes it.
    pub fn values(&self) -> BTreeMap<Setting, String> {
        let Settings {
            ssl,
            ssl_automatic_mode,
            min_tls_version,
            always_use_https,
            tls_client_auth,
        } = self;
        let on = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
        let values = [
            (
                Setting::SslAutomaticMode,
                ssl_automatic_mode.map(|mode| mode.to_string()),
            ),
            (Setting::Ssl, ssl.map(|ssl| ssl.to_string())),
            (
                Setting::MinTlsVersion,
                min_tls_version.map(|version| version.to_string()),
            ),
            (Setting::TlsClientAuth, tls_client_auth.map(on)),
            (Setting::AlwaysUseHttps, always_use_https.map(on)),
        ];
        let named = values.into_iter();
        named
            .filter_map(|(setting, value)| Some((setting, value?)))
            .collect()
    }

    /// The settings with these values. A setting with an unknown value is left out.
    pub fn of(values: &BTreeMap<Setting, String>) -> Self {
        let mut fields = serde_json::Map::new();
        for (setting, value) in values {
            let value = match (setting, value.as_str()) {
                (Setting::TlsClientAuth | Setting::AlwaysUseHttps, text) => (text == "on").into(),
                (_, text) => text.into(),
            };
            let field = serde_json::Map::from_iter([(setting.to_string(), value)]);
            if serde_json::from_value::<Self>(field.clone().into()).is_ok() {
                fields.extend(field);
            }
        }
        serde_json::from_value(fields.into()).unwrap_or_default()
    }
}
