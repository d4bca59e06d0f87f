//! The zone's settings as Cloudflare names and writes them.

use std::collections::BTreeMap;

use crate::spec::{Settings, Ssl, SslAutomaticMode, TlsVersion};

/// A setting of the zone, in the order in which they are changed: first Cloudflare is kept from changing `ssl` itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl Setting {
    /// All of them.
    pub const ALL: [Setting; 5] = [
        Setting::SslAutomaticMode,
        Setting::Ssl,
        Setting::MinTlsVersion,
        Setting::TlsClientAuth,
        Setting::AlwaysUseHttps,
    ];

    /// The name in the API and in the spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Setting::SslAutomaticMode => "ssl_automatic_mode",
            Setting::Ssl => "ssl",
            Setting::MinTlsVersion => "min_tls_version",
            Setting::TlsClientAuth => "tls_client_auth",
            Setting::AlwaysUseHttps => "always_use_https",
        }
    }

    /// The setting of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|setting| setting.as_str() == name)
    }
}

impl Settings {
    /// The settings that are named, each with its value as the API writes it.
    pub fn values(&self) -> BTreeMap<Setting, String> {
        let Settings {
            ssl,
            ssl_automatic_mode,
            min_tls_version,
            always_use_https,
            tls_client_auth,
        } = self;
        let on = |is: bool| if is { "on" } else { "off" };
        let ssl = ssl.map(|ssl| match ssl {
            Ssl::Off => "off",
            Ssl::Flexible => "flexible",
            Ssl::Full => "full",
            Ssl::Strict => "strict",
        });
        let mode = ssl_automatic_mode.map(|mode| match mode {
            SslAutomaticMode::Auto => "auto",
            SslAutomaticMode::Custom => "custom",
        });
        let tls = min_tls_version.map(|version| match version {
            TlsVersion::V1_0 => "1.0",
            TlsVersion::V1_1 => "1.1",
            TlsVersion::V1_2 => "1.2",
            TlsVersion::V1_3 => "1.3",
        });
        let values = [
            (Setting::SslAutomaticMode, mode),
            (Setting::Ssl, ssl),
            (Setting::MinTlsVersion, tls),
            (Setting::TlsClientAuth, tls_client_auth.map(on)),
            (Setting::AlwaysUseHttps, always_use_https.map(on)),
        ];
        let named = values.into_iter();
        named
            .filter_map(|(setting, value)| Some((setting, value?.to_owned())))
            .collect()
    }

    /// The settings that have these values; what is missing or of no known value is not named.
    pub fn of(values: &BTreeMap<Setting, String>) -> Self {
        let mut fields = serde_json::Map::new();
        for (setting, value) in values {
            let value = match (setting, value.as_str()) {
                (Setting::TlsClientAuth | Setting::AlwaysUseHttps, text) => (text == "on").into(),
                (_, text) => text.into(),
            };
            let field = serde_json::Map::from_iter([(setting.as_str().to_owned(), value)]);
            if serde_json::from_value::<Self>(field.clone().into()).is_ok() {
                fields.extend(field);
            }
        }
        serde_json::from_value(fields.into()).unwrap_or_default()
    }
}
