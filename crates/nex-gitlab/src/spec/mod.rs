//! The `[gitlab]` section of an environment's spec.

mod types;
mod validate;
mod warnings;

use nex_plan::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use types::{InvalidTime, InvalidVersion, SslMode, TimeOfDay, Version};
pub use warnings::WebAccess;

const VERSION_PATTERN: &str = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$";
const TIME_PATTERN: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]$";
const HOST_PATTERN: &str = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$";
const URL_PATTERN: &str =
    r"^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$";
const DATE_PATTERN: &str = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
/// What PostgreSQL takes without quotes and up to its length limit.
const IDENTIFIER_PATTERN: &str = r"^[a-z_][a-z0-9_]{0,62}$";

/// The GitLab server: its version, its names, its database, its mail and its backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gitlab")]
pub struct Spec {
    /// The version of GitLab CE (the Linux package), pinned in full: `18.11.1` installs `gitlab-ce=18.11.1-ce.0`.
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = VERSION_PATTERN))]
    pub version: Version,
    /// Where users reach GitLab: `https://` and a host name, without a path.
    #[schemars(regex(pattern = URL_PATTERN))]
    pub url: String,
    /// Where users reach the container registry: `https://` and a host name of its own, without a path.
    #[schemars(regex(pattern = URL_PATTERN))]
    pub registry_url: String,
    /// The host name in `git@HOST:group/project.git`. A name of its own, because a proxied name does not pass port 22.
    #[schemars(regex(pattern = HOST_PATTERN))]
    pub ssh_host: String,
    /// Where the administrator's API token is to be had: a reference, never the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = SecretRef::PATTERN))]
    pub admin_token: Option<SecretRef>,
    /// The day on which the administrator's token expires, as `YYYY-MM-DD`. GitLab allows 365 days at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = DATE_PATTERN))]
    pub admin_token_expires: Option<String>,
    /// The external PostgreSQL database.
    #[serde(default)]
    pub database: Database,
    /// The relay that mail goes out by. Without it GitLab sends no mail: no invitations, no password resets.
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
    /// The database's name.
    #[schemars(regex(pattern = IDENTIFIER_PATTERN))]
    pub name: String,
    /// The role that GitLab connects as. It owns the database; it is not the instance's master user.
    #[schemars(regex(pattern = IDENTIFIER_PATTERN))]
    pub user: String,
    /// How the connection is secured: `verify-full` checks the certificate and the host name, `verify-ca` the
    /// certificate only, `require` encrypts without a check.
    #[schemars(with = "String", extend("enum" = ["require", "verify-ca", "verify-full"]))]
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

/// The relay that mail goes out by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The relay's host name.
    #[schemars(regex(pattern = HOST_PATTERN))]
    pub host: String,
    /// The relay's port: 587 with STARTTLS, 465 with TLS from the start.
    #[serde(default = "submission_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The user that GitLab signs in as at the relay.
    #[schemars(length(min = 1))]
    pub user: String,
    /// Where the relay's password is to be had: a reference, never the password itself.
    #[schemars(with = "String", regex(pattern = SecretRef::PATTERN))]
    pub password: SecretRef,
    /// The address that mail comes from.
    #[schemars(regex(pattern = r"^[^@\s]+@[^@\s]+$"))]
    pub from: String,
    /// The address that answers go to; without it, to `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[^@\s]+@[^@\s]+$"))]
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
    /// How many days a backup is kept on the server's own disk. How long it stays in the bucket is the bucket's matter.
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

/// The three names under which the deployment is reached.
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
    /// The names that DNS records and certificates are needed for.
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
