//! The `[gitlab]` section of an environment's spec.

mod types;
mod validate;
mod warnings;

use nex_plan::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantNames as _;

pub use types::{InvalidTime, InvalidVersion, SslMode, TimeOfDay, Version};

const VERSION_PATTERN: &str = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$";
const TIME_PATTERN: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]$";
const HOST_PATTERN: &str = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$";
const URL_PATTERN: &str =
    r"^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$";
const DATE_PATTERN: &str = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
const EMAIL_PATTERN: &str = r"^[^@\s]+@[^@\s]+$";
/// Names that PostgreSQL accepts without quotes, up to its limit of 63 bytes.
const IDENTIFIER_PATTERN: &str = r"^[a-z_][a-z0-9_]{0,62}$";

/// The GitLab server: its version, host names, database, email and backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gitlab")]
pub struct Spec {
    /// The full version of GitLab CE (the Linux package): `18.11.1` installs `gitlab-ce=18.11.1-ce.0`.
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = VERSION_PATTERN))]
    pub version: Version,
    /// The URL of GitLab: `https://` and a host name, without a path.
    #[schemars(regex(pattern = URL_PATTERN))]
    pub url: String,
    /// The URL of the container registry: `https://` and a host name other than GitLab's, without a path.
    #[schemars(regex(pattern = URL_PATTERN))]
    pub registry_url: String,
    /// The host name for Git over SSH, as in `git@HOST:group/project.git`. If GitLab's own host name is proxied, use
    /// a different one here: the proxy does not forward port 22.
    #[schemars(regex(pattern = HOST_PATTERN))]
    pub ssh_host: String,
    /// A reference to the administrator's API token, never the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = SecretRef::PATTERN))]
    pub admin_token: Option<SecretRef>,
    /// The date on which the administrator's token expires, as `YYYY-MM-DD`. GitLab allows at most 365 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = DATE_PATTERN))]
    pub admin_token_expires: Option<String>,
    /// The external PostgreSQL database.
    #[serde(default)]
    pub database: Database,
    /// The mail relay. Without this section GitLab sends no email: no invitations, no password resets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mail")]
    pub mail: Option<Mail>,
    /// The daily backup to the backups bucket.
    #[serde(default)]
    pub backups: Backups,
}

/// The external PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// The name of the database.
    #[schemars(regex(pattern = IDENTIFIER_PATTERN))]
    pub name: String,
    /// The role that GitLab connects as. This role owns the database; it is not the instance's master user.
    #[schemars(regex(pattern = IDENTIFIER_PATTERN))]
    pub user: String,
    /// How the connection is secured: `verify-full` checks the server's certificate and host name, `verify-ca` only
    /// the certificate, and `require` encrypts without any check.
    #[schemars(with = "String", extend("enum" = SslMode::VARIANTS))]
    pub sslmode: SslMode,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            name: "gitlab".to_owned(),
            user: "gitlab".to_owned(),
            sslmode: SslMode::VerifyFull,
        }
    }
}

/// The relay that GitLab sends email through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The host name of the relay.
    #[schemars(regex(pattern = HOST_PATTERN))]
    pub host: String,
    /// The port of the relay: 587 for STARTTLS, 465 for implicit TLS.
    #[serde(default = "submission_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The user name that GitLab signs in to the relay with.
    #[schemars(length(min = 1))]
    pub user: String,
    /// A reference to the relay's password, never the password itself.
    #[schemars(with = "String", regex(pattern = SecretRef::PATTERN))]
    pub password: SecretRef,
    /// The sender's address.
    #[schemars(regex(pattern = EMAIL_PATTERN))]
    pub from: String,
    /// The address for replies. Defaults to `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = EMAIL_PATTERN))]
    pub reply_to: Option<String>,
}

fn submission_port() -> u16 {
    587
}

/// The daily backup to the backups bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backups {
    /// When the daily backup starts: `HH:MM`, in UTC.
    #[schemars(with = "String", regex(pattern = TIME_PATTERN))]
    pub at: TimeOfDay,
    /// How many days the server keeps a backup on its own disk. The bucket has its own lifecycle rules.
    #[schemars(range(min = 1, max = 365))]
    pub keep_local_days: u32,
}

impl Default for Backups {
    fn default() -> Self {
        Self {
            at: TimeOfDay::default(),
            keep_local_days: 3,
        }
    }
}

/// The host names of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hosts<'a> {
    /// The web interface and the API.
    pub web: &'a str,
    /// The container registry.
    pub registry: &'a str,
    /// Git over SSH.
    pub ssh: &'a str,
}

impl Spec {
    /// The host names that need DNS records and certificates.
    pub fn hosts(&self) -> Hosts<'_> {
        Hosts {
            web: host(&self.url),
            registry: host(&self.registry_url),
            ssh: &self.ssh_host,
        }
    }
}

fn host(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url)
}
