//! The section `[dns]` of an environment's file.

use nex_plan::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::resolve::NamedRecord;
pub use crate::warnings::Hosts;

/// A zone at Cloudflare and what it should contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The zone's name, such as `example.com`.
    #[schemars(length(min = 3, max = 253))]
    pub zone: String,
    /// The zone's plan at Cloudflare, which limits the size of a request's body (100 MB on `free` and `pro`).
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
    /// Origin CA certificates. Only Cloudflare's proxies trust them.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// How much may change at once without being allowed by name.
    #[serde(default)]
    pub limits: Limits,
}

impl Spec {
    /// A zone of this name without records, with the defaults for everything else.
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
    /// A record that points at the server: DNS only, with an automatic TTL.
    pub fn new(kind: RecordType, name: impl Into<String>) -> Self {
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
    /// Free.
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
    pub kind: RecordType,
    /// The name: short (`gitlab`), full (`gitlab.example.com`), `@` for the zone itself, `*` for any name. Unicode is
    /// allowed.
    #[schemars(length(min = 1, max = 254))]
    pub name: String,
    /// An IPv4 address, an IPv6 address, a full name or a text, by the type. An `A` record without it points at the
    /// server's Elastic IP.
    pub content: Option<String>,
    /// How long resolvers keep the record, in seconds: 60 to 86400, or 1 for automatic, the only value for a proxied
    /// record.
    #[serde(default = "automatic")]
    #[schemars(range(min = 1, max = 86400))]
    pub ttl: u32,
    /// Whether Cloudflare's proxies answer for the name. They carry HTTP and HTTPS only, so never proxy the SSH host.
    #[serde(default)]
    pub proxied: bool,
    /// A comment, shown at Cloudflare: up to 100 characters on `free`, 500 on other plans.
    pub comment: Option<String>,
}

/// The type of a record.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
#[schemars(transform = plain_enum)]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name.
    Cname,
    /// A text.
    Txt,
}

/// The zone's settings. They apply to the whole zone. A setting that is not named is left as it is.
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
    /// Whether Cloudflare redirects visitors from HTTP to HTTPS.
    pub always_use_https: Option<bool>,
    /// Whether Cloudflare presents a client certificate to the origin (authenticated origin pulls). The origin must
    /// require it.
    pub tls_client_auth: Option<bool>,
}

/// How Cloudflare reaches the origin.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[schemars(transform = plain_enum)]
pub enum Ssl {
    /// Nothing is encrypted.
    Off,
    /// Only the side of the visitors is encrypted.
    Flexible,
    /// Both sides are encrypted, with any certificate of the origin.
    Full,
    /// Both sides are encrypted, and the origin's certificate must be valid.
    Strict,
}

/// Whether Cloudflare may change how it reaches the origin.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[schemars(transform = plain_enum)]
pub enum SslAutomaticMode {
    /// Cloudflare may change it.
    Auto,
    /// The spec's value stays.
    Custom,
}

/// A TLS version.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
)]
#[schemars(transform = plain_enum)]
pub enum TlsVersion {
    /// TLS 1.0.
    #[serde(rename = "1.0")]
    #[strum(serialize = "1.0")]
    V1_0,
    /// TLS 1.1.
    #[serde(rename = "1.1")]
    #[strum(serialize = "1.1")]
    V1_1,
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    #[strum(serialize = "1.2")]
    V1_2,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    #[strum(serialize = "1.3")]
    V1_3,
}

/// An Origin CA certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The full names that the certificate covers. `*.example.com` covers one label and not `example.com` itself.
    #[schemars(length(min = 1, max = MAX_HOSTNAMES))]
    pub hostnames: Vec<String>,
    /// The validity in days: 7, 30, 90, 365, 730, 1095 or 5475.
    #[serde(default = "fifteen_years")]
    #[schemars(extend("enum" = VALIDITIES))]
    pub validity_days: u32,
    /// The key's type: `ecdsa` or `rsa`.
    #[serde(default)]
    pub key_type: KeyType,
    /// How many days before its expiry a new certificate replaces it; fewer than `validity_days`.
    #[serde(default = "thirty_days")]
    #[schemars(range(min = 1, max = 5474))]
    pub renew_before_days: u32,
    /// The name of the secret that holds the certificate and its key.
    #[schemars(regex(pattern = r"^[A-Za-z0-9/_+=.@-]{1,512}$"))]
    pub secret: String,
}

/// A key's type.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
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
    /// With fewer records than this, there is no limit.
    #[schemars(range(min = 1))]
    pub min_records: u32,
}

/// The validities that Cloudflare offers, in days
/// (<https://developers.cloudflare.com/api/resources/origin_ca_certificates/methods/create/>, `requested_validity`).
pub const VALIDITIES: [u32; 7] = [7, 30, 90, 365, 730, 1095, 5475];

/// The most names that an Origin CA certificate can cover
/// (<https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/>, "Hostname and wildcard coverage").
pub const MAX_HOSTNAMES: usize = 200;

/// The TTL that leaves the choice to Cloudflare.
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

/// Turns documented variants (`oneOf` of constants) into one `enum`, which validators report better.
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
