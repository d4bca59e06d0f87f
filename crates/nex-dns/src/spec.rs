//! The section `[dns]` of an environment's file.

use nex_plan::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A zone at Cloudflare and what is to stand in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The zone's name, such as `example.com`.
    #[schemars(length(min = 3, max = 253))]
    pub zone: String,
    /// The zone's plan at Cloudflare: it decides how large a request's body may be (100 MB on `free` and `pro`).
    #[serde(default)]
    pub plan: ZonePlan,
    /// The API token, by reference. Its scopes: Zone Read, DNS Edit, SSL and Certificates Edit, Zone Settings Edit.
    #[serde(default = "default_token")]
    #[schemars(with = "String", regex(pattern = SecretRef::PATTERN))]
    pub token: SecretRef,
    /// The records.
    #[serde(default)]
    pub records: Vec<Record>,
    /// The zone's settings.
    #[serde(default)]
    pub settings: Settings,
    /// Origin CA certificates: trusted by Cloudflare's proxies, and by nobody else.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// How much may change at once without being named.
    #[serde(default)]
    pub limits: Limits,
}

impl Spec {
    /// A zone of this name without records, everything else as it is where a file says nothing.
    pub fn new(zone: impl Into<String>) -> Self {
        Self {
            zone: zone.into(),
            plan: ZonePlan::default(),
            token: default_token(),
            records: vec![],
            settings: Settings::default(),
            certificates: vec![],
            limits: Limits::default(),
        }
    }
}

impl Record {
    /// A record that points at the server, DNS only, its ttl automatic.
    pub fn new(kind: RecordKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            content: None,
            ttl: AUTOMATIC_TTL,
            proxied: false,
            comment: None,
        }
    }
}

/// A plan at Cloudflare.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = plain_enum)]
pub enum ZonePlan {
    /// Without charge.
    #[default]
    Free,
    /// Pro.
    Pro,
    /// Business.
    Business,
    /// Enterprise.
    Enterprise,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The record's type: `A`, `AAAA`, `CNAME` or `TXT`.
    #[serde(rename = "type")]
    pub kind: RecordKind,
    /// The name: short (`gitlab`), full (`gitlab.example.com`), `@` for the zone itself, `*` for any; unicode is
    /// taken.
    #[schemars(length(min = 1, max = 254))]
    pub name: String,
    /// An IPv4 address, an IPv6 address, a full name or a text, by the type. An `A` record without it points at the
    /// server's Elastic IP.
    pub content: Option<String>,
    /// How long resolvers keep it, in seconds: 60 to 86400, or 1 for automatic, the only one for a proxied record.
    #[serde(default = "automatic")]
    #[schemars(range(min = 1, max = 86400))]
    pub ttl: u32,
    /// Whether Cloudflare's proxies stand before it. They carry HTTP and HTTPS only, so never for SSH.
    #[serde(default)]
    pub proxied: bool,
    /// A note, shown at Cloudflare: up to 100 characters on `free`, 500 on other plans.
    pub comment: Option<String>,
}

/// The type of a record.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(transform = plain_enum)]
pub enum RecordKind {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name.
    Cname,
    /// A text.
    Txt,
}

/// The zone's settings. They hold for all of the zone; one that is not named is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How Cloudflare reaches the origin: `off`, `flexible` (both unencrypted), `full` (any certificate) or `strict`.
    #[schemars(with = "Ssl")]
    pub ssl: Option<Ssl>,
    /// Whether Cloudflare may change `ssl` by itself (`auto`) or not (`custom`).
    #[schemars(with = "SslAutomaticMode")]
    pub ssl_automatic_mode: Option<SslAutomaticMode>,
    /// The oldest TLS version that visitors may use: `1.0`, `1.1`, `1.2` or `1.3`.
    #[schemars(with = "TlsVersion")]
    pub min_tls_version: Option<TlsVersion>,
    /// Whether visitors by HTTP are sent to HTTPS.
    pub always_use_https: Option<bool>,
    /// Whether Cloudflare shows the origin a certificate (authenticated origin pulls). The origin must ask for it.
    pub tls_client_auth: Option<bool>,
}

/// How Cloudflare reaches the origin.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = plain_enum)]
pub enum Ssl {
    /// Nothing is encrypted.
    Off,
    /// Visitors' side only.
    Flexible,
    /// Both sides, whatever certificate the origin shows.
    Full,
    /// Both sides, and the origin's certificate must be valid.
    Strict,
}

/// Whether Cloudflare may change how it reaches the origin.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = plain_enum)]
pub enum SslAutomaticMode {
    /// It may.
    Auto,
    /// The spec's value stands.
    Custom,
}

/// A TLS version.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[schemars(transform = plain_enum)]
pub enum TlsVersion {
    /// 1.0.
    #[serde(rename = "1.0")]
    V1_0,
    /// 1.1.
    #[serde(rename = "1.1")]
    V1_1,
    /// 1.2.
    #[serde(rename = "1.2")]
    V1_2,
    /// 1.3.
    #[serde(rename = "1.3")]
    V1_3,
}

/// An Origin CA certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The full names that it is for; `*.example.com` covers one label and not `example.com` itself.
    #[schemars(length(min = 1, max = MOST_HOSTNAMES))]
    pub hostnames: Vec<String>,
    /// How long it is valid, in days: 7, 30, 90, 365, 730, 1095 or 5475.
    #[serde(default = "fifteen_years")]
    #[schemars(extend("enum" = VALIDITIES))]
    pub validity_days: u32,
    /// The key's type: `ecdsa` or `rsa`.
    #[serde(default)]
    pub key_type: KeyType,
    /// How many days before its end a new one takes its place; fewer than `validity_days`.
    #[serde(default = "thirty_days")]
    #[schemars(range(min = 1, max = 5474))]
    pub renew_before_days: u32,
    /// The name of the secret in Secrets Manager that holds certificate and key.
    #[schemars(regex(pattern = r"^[A-Za-z0-9/_+=.@-]{1,512}$"))]
    pub secret: String,
}

/// A key's type.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = plain_enum)]
pub enum KeyType {
    /// RSA, 2048 bits.
    Rsa,
    /// ECDSA on P-256.
    #[default]
    Ecdsa,
}

/// How much may change at once without being named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The share of the records that may be changed or deleted at once, in percent.
    #[schemars(range(min = 1, max = 100))]
    pub max_changed_percent: u32,
    /// With fewer records than this, the share does not count.
    #[schemars(range(min = 1))]
    pub min_records: u32,
}

/// The validities that Cloudflare gives, in days.
pub const VALIDITIES: [u32; 7] = [7, 30, 90, 365, 730, 1095, 5475];

/// How many names an Origin CA certificate can be for
/// (<https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/>, "Hostname and wildcard coverage").
pub const MOST_HOSTNAMES: usize = 200;

/// The ttl that leaves the choice to Cloudflare.
pub const AUTOMATIC_TTL: u32 = 1;

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_changed_percent: 30,
            min_records: 10,
        }
    }
}

fn default_token() -> SecretRef {
    SecretRef::Env("CLOUDFLARE_API_TOKEN".to_owned())
}

fn automatic() -> u32 {
    AUTOMATIC_TTL
}

fn fifteen_years() -> u32 {
    5475
}

fn thirty_days() -> u32 {
    30
}

/// Turns documented variants (`oneOf` of constants) into one `enum`, which checkers report better.
fn plain_enum(schema: &mut schemars::Schema) {
    let Some(serde_json::Value::Array(variants)) = schema.remove("oneOf") else {
        return;
    };
    let names: Vec<_> = variants
        .iter()
        .filter_map(|v| v.get("const").cloned())
        .collect();
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), names.into());
}
