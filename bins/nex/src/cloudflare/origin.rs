//! Secrets Manager as the place where a certificate and its key are kept.

use nex_dns::SecretSink;
use nex_dns::certificate::{Bundle, Held, NotABundle, Stored};
use nex_infra::aws::{Error, Vault};

/// The secrets of origin certificates.
#[derive(Clone, Debug)]
pub(crate) struct Origin(Vault);

/// Why a certificate's secret can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OriginError {
    /// Secrets Manager failed.
    #[error(transparent)]
    Vault(#[from] Error),
    /// Someone else keeps something else in it.
    #[error(transparent)]
    Foreign(#[from] NotABundle),
}

impl Origin {
    pub(super) fn new(vault: Vault) -> Self {
        Self(vault)
    }
}

impl SecretSink for Origin {
    type Error = OriginError;

    async fn read(&self, secret: &str) -> Result<Option<Held>, OriginError> {
        let Some(value) = self.0.read(secret).await? else {
            return Ok(None);
        };
        Ok(Some(Held {
            bundle: Bundle::parse(&value.text)?,
            version: value.version,
        }))
    }

    async fn store(
        &self,
        secret: &str,
        bundle: &Bundle,
        over: Option<&str>,
    ) -> Result<Stored, OriginError> {
        let version = self.0.store(secret, &bundle.to_json(), over).await?;
        Ok(version.map_or(Stored::Overtaken, Stored::Now))
    }
}
