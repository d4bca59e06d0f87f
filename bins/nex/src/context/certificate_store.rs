//! Stores certificates and their keys in Secrets Manager.

use std::borrow::Cow;

use nex_dns::certificate::{
    CertificateSecret, ForeignSecret, SecretReader, SecretWriter, StoreOutcome, Stored, Versioned,
};
use nex_infra::aws::{Error, SecretStore};
use nex_plan::{CloudError, ErrorKind};

use super::aws::AwsConnection;
use super::certificate_version::{self, SummaryError};

/// Reads and writes the secrets of certificates. It connects to AWS when it reads the first secret.
#[derive(Clone, Debug)]
pub(crate) struct CertificateStore {
    /// `None` for a zone alone, which has no certificates.
    aws: Option<AwsConnection>,
}

/// Why a certificate's secret can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateStoreError {
    /// Secrets Manager failed.
    #[error("the request to Secrets Manager failed")]
    SecretsManager(#[from] Error),
    /// The environment has no section `[aws]`.
    #[error("a zone alone has no place for certificates")]
    ZoneAlone,
    /// Another program wrote the secret.
    #[error(transparent)]
    Foreign(#[from] ForeignSecret),
    /// The value's summary does not fit beside the value.
    #[error(transparent)]
    Summary(#[from] SummaryError),
}

impl CloudError for CertificateStoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            CertificateStoreError::SecretsManager(error) => error.kind(),
            CertificateStoreError::ZoneAlone
            | CertificateStoreError::Foreign(_)
            | CertificateStoreError::Summary(_) => ErrorKind::Other,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            CertificateStoreError::SecretsManager(error) => error.hint(),
            CertificateStoreError::ZoneAlone => None,
            CertificateStoreError::Foreign(_) => Some(
                "find out who uses the secret; if it is unused, set its value to `{}`, and nex issues a new certificate".into(),
            ),
            CertificateStoreError::Summary(SummaryError::Keys(_)) => {
                Some("revoke the certificates that no server uses any more, then run again".into())
            }
            CertificateStoreError::Summary(_) => None,
        }
    }
}

impl CertificateStore {
    pub(super) fn new(aws: Option<AwsConnection>) -> Self {
        Self { aws }
    }

    async fn store(&self) -> Result<SecretStore, CertificateStoreError> {
        let aws = self.aws.as_ref().ok_or(CertificateStoreError::ZoneAlone)?;
        Ok(SecretStore::new(aws.get().await?.clone()))
    }
}

impl SecretReader for CertificateStore {
    type Error = CertificateStoreError;
    type Writer = Self;

    async fn summary(&self, name: &str) -> Result<Option<Stored>, CertificateStoreError> {
        let versions = self.store().await?.versions(name).await?;
        Ok(versions.as_ref().map(certificate_version::stored))
    }

    async fn read(&self, name: &str) -> Result<Option<Versioned>, CertificateStoreError> {
        let Some(value) = self.store().await?.read(name).await? else {
            return Ok(None);
        };
        let secret = CertificateSecret::parse(&value.text);
        Ok(Some(Versioned {
            secret: secret?,
            version: value.version,
        }))
    }

    fn writer(&self) -> Self {
        self.clone()
    }
}

impl SecretWriter for CertificateStore {
    type Error = CertificateStoreError;

    async fn store(
        &self,
        name: &str,
        value: &CertificateSecret,
        over: Option<&str>,
    ) -> Result<StoreOutcome, CertificateStoreError> {
        let version = certificate_version::new_version(value)?;
        let writer = CertificateStore::store(self).await?.writer();
        let stored = writer.store(name, &value.to_json(), version, over).await?;
        Ok(stored.map_or(StoreOutcome::Conflict, StoreOutcome::Stored))
    }
}
