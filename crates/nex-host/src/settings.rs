//! What the agent must know about the host's surroundings, apart from the rendered files. No secrets.

use serde::{Deserialize, Serialize};

use crate::artifact::Bucket;
use crate::text::{Fingerprint, SecretName, WebUrl};

/// What a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// The GitLab server.
    Server,
    /// A runner of the fleet.
    Runner,
}

/// The settings of a host, by its role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "a bundle has one")]
pub enum Settings {
    /// For the GitLab server.
    Server(ServerSettings),
    /// For a runner.
    Runner(RunnerSettings),
}

impl Settings {
    /// The role of the hosts that these settings are for.
    pub fn role(&self) -> Role {
        match self {
            Settings::Server(_) => Role::Server,
            Settings::Runner(_) => Role::Runner,
        }
    }
}

/// The settings of the GitLab server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSettings {
    /// The host name of GitLab's web pages. The server asks itself for its readiness by this name.
    pub web_host: String,
    /// What is installed, and from where.
    pub packages: ServerPackages,
    /// GitLab's database.
    pub database: DatabaseSettings,
    /// Where backups go.
    pub backups: BackupSettings,
}

/// What is installed on the GitLab server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPackages {
    /// The version of the package `gitlab-ce`, such as `18.11.1-ce.0`. It is held at this version.
    pub gitlab_version: String,
    /// The apt repository of `gitlab-ce`, up to the name of the distribution.
    pub gitlab: PackageSource,
    /// The folder with the packages of the CloudWatch agent.
    pub log_agent: PackageSource,
}

/// The settings of a runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerSettings {
    /// The version of the packages `gitlab-runner` and `gitlab-runner-helper-images`, such as `19.4.0`.
    pub version: String,
    /// The rpm repository of both packages.
    pub repository: WebUrl,
    /// The keys that sign the packages and the repository.
    pub keys: Vec<SigningKey>,
}

/// Where packages come from, and the key that signs them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSource {
    /// The address of the packages.
    pub url: WebUrl,
    /// The key that signs them.
    pub key: SigningKey,
}

/// An OpenPGP key. A host trusts no other key at the address than the one with this fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The address of the key.
    pub url: WebUrl,
    /// The key's fingerprint.
    pub fingerprint: Fingerprint,
}

/// The database that the GitLab server uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseSettings {
    /// The PostgreSQL server's host name, as in its certificate.
    pub host: String,
    /// The PostgreSQL server's port.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// GitLab's role in PostgreSQL.
    pub user: String,
    /// How the connection is secured.
    pub sslmode: SslMode,
    /// The address of the certificates, in PEM, that sign the PostgreSQL server's certificate.
    pub ca_bundle: WebUrl,
}

/// How a connection to PostgreSQL is secured, in libpq's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SslMode {
    /// Encrypts, but does not check the server's identity.
    Require,
    /// Checks the server's certificate.
    VerifyCa,
    /// Checks the server's certificate and its host name.
    VerifyFull,
}

/// Where the GitLab server's backups go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupSettings {
    /// The bucket.
    pub bucket: Bucket,
    /// The prefix of every backup's key, with a slash at its end; empty for the bucket's root.
    pub prefix: String,
    /// The secret that gets GitLab's own keys and the host keys. A backup is worth nothing without them, and nobody who
    /// has a backup may have them.
    pub keys: SecretName,
}
