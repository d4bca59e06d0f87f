//! Gets a certificate into its secret.

use std::borrow::Cow;

use nex_plan::{CloudError, ErrorKind, printable};
use time::{Duration, OffsetDateTime};

use super::decide::{Next, decide};
use super::key::{self, KeyError};
use super::secret::{CertificateSecret, CertificateTerms, Issued};
use super::store::{SecretWriter, StoreOutcome, Versioned};
use super::{CertificateRequest, LiveCertificate};
use crate::ids::{CertificateId, ZoneId};
use crate::ports::{ZoneReader, ZoneWriter};
use crate::spec::Certificate;

/// Why a certificate was not stored in its secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError<A: CloudError, S: CloudError> {
    #[error("failed to get the certificate of the secret {0}")]
    Cloudflare(String, #[source] A),
    #[error("failed to write the secret {0}")]
    Secret(String, #[source] S),
    #[error("failed to generate a key for the secret {0}")]
    Key(String, #[source] KeyError),
    #[error("another run is working on the secret {0}")]
    Conflict(String),
    #[error(
        "the certificate {} is not for the key in the secret {secret}: it was not stored",
        printable(id.as_str())
    )]
    OtherKey { secret: String, id: CertificateId },
}

impl<A: CloudError, S: CloudError> CloudError for IssueError<A, S> {
    fn kind(&self) -> ErrorKind {
        match self {
            IssueError::Cloudflare(_, error) => error.kind(),
            IssueError::Secret(_, error) => error.kind(),
            IssueError::Key(..) | IssueError::Conflict(_) | IssueError::OtherKey { .. } => {
                ErrorKind::Other
            }
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            IssueError::Cloudflare(_, error) => error.hint(),
            IssueError::Secret(_, error) => error.hint(),
            IssueError::Key(..) => None,
            IssueError::Conflict(_) => Some("wait for the other run to end, then run again".into()),
            IssueError::OtherKey { .. } => {
                Some("revoke the certificate at Cloudflare, then run again".into())
            }
        }
    }
}

type Error<R, W> = IssueError<<R as ZoneReader>::Error, <W as SecretWriter>::Error>;

/// Issues one certificate.
///
/// The private key is stored before nex-dns requests the certificate. After a crash, or in a second run at the same
/// time, nex-dns therefore finds every issued certificate by its key, and requests no certificate twice.
pub(crate) struct Issuer<'a, R: ZoneReader, W> {
    pub(crate) wanted: &'a Certificate,
    pub(crate) zone_id: &'a ZoneId,
    pub(crate) reader: &'a R,
    pub(crate) writer: &'a R::Writer,
    pub(crate) secrets: &'a W,
    pub(crate) now: OffsetDateTime,
}

impl<R: ZoneReader, W: SecretWriter> Issuer<'_, R, W> {
    /// Makes sure that the secret holds the certificate that the spec asks for. `secret` is the secret's current
    /// content, `live` are the zone's live certificates.
    ///
    /// After an error, another run continues: nothing that was done is lost.
    pub(crate) async fn ensure(
        &self,
        secret: Option<Versioned>,
        live: &[LiveCertificate],
    ) -> Result<(), Error<R, W>> {
        let (mut secret, version) = match secret {
            Some(Versioned { version, secret }) => (secret, Some(version)),
            None => (CertificateSecret::default(), None),
        };
        let (next, _) = decide(self.wanted, &secret, live, self.now);
        match next {
            Next::Keep => Ok(()),
            Next::Retire => {
                self.retire_pending(&mut secret);
                self.store(&secret, version).await.map(drop)
            }
            Next::Complete(one) => self.complete(secret, version, one).await,
            Next::Resume => self.issue(secret, version).await,
            Next::Begin => {
                self.retire_pending(&mut secret);
                let key = key::generate(CertificateTerms::of(self.wanted), self.now);
                let key = key.map_err(|error| IssueError::Key(self.name(), error))?;
                secret.pending = Some(key);
                self.issue(secret, version).await
            }
        }
    }

    /// Claims the pending key, has it signed, and stores the certificate.
    async fn issue(
        &self,
        mut secret: CertificateSecret,
        version: Option<String>,
    ) -> Result<(), Error<R, W>> {
        let Some(pending) = &mut secret.pending else {
            return Ok(());
        };
        pending.claimed = self.now;
        let public_key = pending.public_key.clone();
        let request = CertificateRequest {
            csr: pending.csr.clone(),
            terms: pending.terms.clone(),
        };
        // Of two runs at once, only one gets past this point.
        let version = self.store(&secret, version).await?;
        let one = match self.writer.issue(&request).await {
            Ok(one) => one,
            Err(error) if error.kind() == ErrorKind::Indeterminate => {
                let live = self.live(&secret).await?;
                let is_it = |one: &LiveCertificate| one.public_key.as_ref() == Some(&public_key);
                let found = live.into_iter().find(is_it);
                found.ok_or_else(|| IssueError::Cloudflare(self.name(), error))?
            }
            Err(error) => return Err(IssueError::Cloudflare(self.name(), error)),
        };
        self.complete(secret, Some(version), one).await
    }

    /// Makes `one` the certificate in use, and remembers the key of the previous certificate.
    async fn complete(
        &self,
        mut secret: CertificateSecret,
        version: Option<String>,
        one: LiveCertificate,
    ) -> Result<(), Error<R, W>> {
        let Some(pending) = secret.pending.take() else {
            return Ok(());
        };
        if one.public_key.as_ref() != Some(&pending.public_key) {
            return Err(IssueError::OtherKey {
                secret: self.name(),
                id: one.id,
            });
        }
        let new = Issued {
            certificate: one.certificate,
            key: pending.key,
            id: one.id,
            expires: one.expires,
            public_key: pending.public_key,
            terms: pending.terms,
        };
        if let Some(old) = secret.issued.replace(new) {
            secret.superseded.insert(old.public_key, old.expires);
        }
        secret.superseded.retain(|_, end| *end > self.now);
        self.store(&secret, version).await.map(drop)
    }

    /// Puts a pending key aside: a certificate for the key may live as long as the requested validity.
    fn retire_pending(&self, secret: &mut CertificateSecret) {
        if let Some(old) = secret.pending.take() {
            let validity = Duration::days(i64::from(old.terms.validity_days) + 1);
            // The secret may name any time, and a sum beyond the year 9999 would panic.
            let end = old.claimed.max(self.now).saturating_add(validity);
            secret.superseded.insert(old.public_key, end);
        }
    }

    async fn live(&self, secret: &CertificateSecret) -> Result<Vec<LiveCertificate>, Error<R, W>> {
        let in_use = secret.issued.iter().map(|issued| issued.id.clone());
        self.reader
            .certificates(self.zone_id, &in_use.collect())
            .await
            .map_err(|error| IssueError::Cloudflare(self.name(), error))
    }

    async fn store(
        &self,
        secret: &CertificateSecret,
        over: Option<String>,
    ) -> Result<String, Error<R, W>> {
        let name = &self.wanted.secret;
        let stored = self.secrets.store(name, secret, over.as_deref()).await;
        match stored.map_err(|error| IssueError::Secret(self.name(), error))? {
            StoreOutcome::Stored(version) => Ok(version),
            StoreOutcome::Conflict => Err(IssueError::Conflict(self.name())),
        }
    }

    fn name(&self) -> String {
        self.wanted.secret.clone()
    }
}
