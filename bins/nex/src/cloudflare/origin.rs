//! Secrets Manager as the place where a certificate and its key are kept.

use nex_dns::certificate::{Bundle, Held, NotABundle, Stored};
use nex_dns::{SecretSink, SecretSource};
use nex_infra::aws::{Error, Vault, VaultWriter};

/// The secrets of origin certificates.
#[derive(Clone, Debug)]
pub(crate) struct Origin(Vault);

/// The same, to be written.
#[derive(Clone, Debug)]
pub(crate) struct OriginWriter<'a> {
    origin: &'a Origin,
    vault: VaultWriter,
}

/// Why a certificate's secret can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OriginError {
    /// Secrets Manager failed.
    #[error("Secrets Manager does not give or take it")]
    Vault(#[from] Error),
    /// Someone else keeps something else in it.
    #[error("{0} is someone else's")]
    Foreign(String, #[source] NotABundle),
}

impl OriginError {
    /// What would mend it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            OriginError::Vault(_) => None,
            OriginError::Foreign(..) => Some(
                "look whose it is; if nobody's, take its value away: put `{}` there, and nex begins anew",
            ),
        }
    }
}

impl Origin {
    pub(super) fn new(vault: Vault) -> Self {
        Self(vault)
    }

    pub(crate) fn writer(&self) -> OriginWriter<'_> {
        OriginWriter {
            origin: self,
            vault: self.0.writer(),
        }
    }
}

impl SecretSource for Origin {
    type Error = OriginError;

    async fn read(&self, secret: &str) -> Result<Option<Held>, OriginError> {
        let Some(value) = self.0.read(secret).await? else {
            return Ok(None);
        };
        Ok(Some(Held {
            bundle: Bundle::parse(&value.text)
                .map_err(|error| OriginError::Foreign(secret.to_owned(), error))?,
            version: value.version,
        }))
    }
}

impl SecretSource for OriginWriter<'_> {
    type Error = OriginError;

    async fn read(&self, secret: &str) -> Result<Option<Held>, OriginError> {
        self.origin.read(secret).await
    }
}

impl SecretSink for OriginWriter<'_> {
    async fn store(
        &self,
        secret: &str,
        bundle: &Bundle,
        over: Option<&str>,
    ) -> Result<Stored, OriginError> {
        let version = self.vault.store(secret, &bundle.to_json(), over).await?;
        Ok(version.map_or(Stored::Overtaken, Stored::Now))
    }
}
