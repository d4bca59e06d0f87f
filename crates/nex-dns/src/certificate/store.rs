//! The traits of the place that stores certificates and their keys. The caller chooses the place.

use std::future::Future;

use nex_plan::{CloudError, ErrorKind};

use super::secret::CertificateSecret;
use super::summary::Stored;

/// The value of a secret, with the version that a write must replace.
#[derive(Clone, Debug)]
pub struct Versioned {
    /// The version of the secret's value.
    pub version: String,
    /// The value.
    pub secret: CertificateSecret,
}

/// The result of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreOutcome {
    /// The value is now the secret's current value, with this version.
    Stored(String),
    /// Someone else wrote in between; nothing was stored.
    Conflict,
}

/// Reads secrets by name: from AWS Secrets Manager, Vault, a file of mode 0600.
pub trait SecretReader: Send + Sync {
    /// Why a call fails.
    type Error: CloudError;
    /// The writer for the same secrets.
    type Writer: SecretWriter<Error = Self::Error>;

    /// What is known about the secret without its value; `None` if the secret does not exist or has no value. A plan
    /// makes this call only, so it needs no permission to read values.
    ///
    /// In Secrets Manager: `DescribeSecret`. A place that can't keep a summary beside the value keeps this default,
    /// which reads the value.
    fn summary(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send {
        async {
            let held = self.read(name).await?;
            Ok(held.map(|held| Stored::Known(held.secret.summary())))
        }
    }

    /// The secret's value; `None` if the secret does not exist or has no value.
    fn read(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<Versioned>, Self::Error>> + Send;

    /// Returns a writer for the same secrets. A dry run never calls this method.
    fn writer(&self) -> Self::Writer;
}

/// Writes secrets.
pub trait SecretWriter: Send + Sync {
    /// Why a call fails.
    type Error: CloudError;

    /// Makes `value` the secret's value, with its summary beside it, if the secret's version is still `over`; `over` is `None` if the secret has no
    /// value yet.
    ///
    /// A confirmed value must survive a crash, and must not overwrite what another run wrote in between. In Secrets
    /// Manager: `PutSecretValue` under a stage of its own, then `UpdateSecretVersionStage` moves `AWSCURRENT` from the
    /// version `over` only.
    fn store(
        &self,
        name: &str,
        value: &CertificateSecret,
        over: Option<&str>,
    ) -> impl Future<Output = Result<StoreOutcome, Self::Error>> + Send;
}

/// The store for a spec without certificates: it stores nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

/// The spec asks for a certificate, but the program has no place to store its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program has no place to store a certificate's key")]
pub struct NoSecretsError;

impl CloudError for NoSecretsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl SecretReader for NoSecrets {
    type Error = NoSecretsError;
    type Writer = Self;

    async fn read(&self, _: &str) -> Result<Option<Versioned>, NoSecretsError> {
        Err(NoSecretsError)
    }

    fn writer(&self) -> Self {
        Self
    }
}

impl SecretWriter for NoSecrets {
    type Error = NoSecretsError;

    async fn store(
        &self,
        _: &str,
        _: &CertificateSecret,
        _: Option<&str>,
    ) -> Result<StoreOutcome, NoSecretsError> {
        Err(NoSecretsError)
    }
}
