//! Gets a certificate into its secret.

use std::borrow::Cow;

use nex_plan::{CloudError, ErrorKind, printable};
use time::{Duration, OffsetDateTime};

use super::decide::{Next, decide};
use super::key::{self, KeyError};
use super::secret::{CertificateSecret, CertificateTerms, Issued};
use super::store::{SecretReader, SecretWriter, StoreOutcome, Versioned};
use super::summary::Stored;
use super::{CertificateRequest, LiveCertificate};
use crate::ids::{CertificateId, ZoneId};
use crate::ports::{ZoneReader, ZoneWriter};
use crate::spec::Certificate;

/// Why a certificate was not stored in its secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError<A: CloudError, S: CloudError> {
    #[error("failed to get the certificate of the secret {0}")]
    Cloudflare(String, #[source] A),
    #[error("failed to read the secret {0}")]
    Read(String, #[source] S),
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
            IssueError::Read(_, error) | IssueError::Secret(_, error) => error.kind(),
            IssueError::Key(..) | IssueError::Conflict(_) | IssueError::OtherKey { .. } => {
                ErrorKind::Other
            }
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            IssueError::Cloudflare(_, error) => error.hint(),
            IssueError::Read(_, error) | IssueError::Secret(_, error) => error.hint(),
            IssueError::Key(..) => None,
            IssueError::Conflict(_) => Some("wait for the other run to end, then run again".into()),
            IssueError::OtherKey { .. } => {
                Some("revoke the certificate at Cloudflare, then run again".into())
            }
        }
    }
}

type Error<R, S> = IssueError<<R as ZoneReader>::Error, <S as SecretReader>::Error>;

/// Issues one certificate.
///
/// The private key is stored before nex-dns requests the certificate. After a crash, or in a second run at the same
/// time, nex-dns therefore finds every issued certificate by its key, and requests no certificate twice.
pub(crate) struct Issuer<'a, R: ZoneReader, S: SecretReader> {
    pub(crate) wanted: &'a Certificate,
    pub(crate) zone_id: &'a ZoneId,
    pub(crate) reader: &'a R,
    pub(crate) writer: &'a R::Writer,
    pub(crate) secrets: &'a S,
    pub(crate) secret_writer: &'a S::Writer,
    pub(crate) now: OffsetDateTime,
}

impl<R: ZoneReader, S: SecretReader> Issuer<'_, R, S> {
    /// Makes sure that the secret holds the certificate that the spec asks for, and its summary. `stored` is what is
    /// known about the secret, `live` are the zone's live certificates.
    ///
    /// After an error, another run continues: nothing that was done is lost.
    pub(crate) async fn ensure(
        &self,
        stored: Option<&Stored>,
        live: &[LiveCertificate],
    ) -> Result<(), Error<R, S>> {
        let (mut secret, version) = match self.read().await? {
            Some(Versioned { version, secret }) => (secret, Some(version)),
            None => (CertificateSecret::default(), None),
        };
        let has_no_summary = stored == Some(&Stored::Unknown);
        let live = if has_no_summary {
            // The list may miss a certificate that nobody asked for by its id.
            Cow::Owned(self.live(&secret).await?)
        } else {
            Cow::Borrowed(live)
        };
        match decide(self.wanted, &secret, &live, self.now) {
            Next::Keep if has_no_summary => self.store(&secret, version).await.map(drop),
            Next::Keep => Ok(()),
            Next::Retire => {
                self.retire_pending(&mut secret);
                self.store(&secret, version).await.map(drop)
            }
            Next::Complete(one) => self.complete(secret, version, one).await,
            Next::Resume => self.issue(secret, version).await,
            Next::Begin => {
                self.retire_pending(&mut secret);
                forget_revoked(&mut secret, &live);
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
    ) -> Result<(), Error<R, S>> {
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
    ) -> Result<(), Error<R, S>> {
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

    async fn live(&self, secret: &CertificateSecret) -> Result<Vec<LiveCertificate>, Error<R, S>> {
        let in_use = secret.issued.iter().map(|issued| issued.id.clone());
        self.reader
            .certificates(self.zone_id, &in_use.collect())
            .await
            .map_err(|error| IssueError::Cloudflare(self.name(), error))
    }

    async fn read(&self) -> Result<Option<Versioned>, Error<R, S>> {
        let read = self.secrets.read(&self.wanted.secret).await;
        read.map_err(|error| IssueError::Read(self.name(), error))
    }

    async fn store(
        &self,
        secret: &CertificateSecret,
        over: Option<String>,
    ) -> Result<String, Error<R, S>> {
        let name = &self.wanted.secret;
        let stored = self
            .secret_writer
            .store(name, secret, over.as_deref())
            .await;
        match stored.map_err(|error| IssueError::Secret(self.name(), error))? {
            StoreOutcome::Stored(version) => Ok(version),
            StoreOutcome::Conflict => Err(IssueError::Conflict(self.name())),
        }
    }

    fn name(&self) -> String {
        self.wanted.secret.clone()
    }
}

/// A secret remembers this many keys, whether a certificate for them lives or not. Another run may be about to get a
/// certificate for one of them.
const REMEMBERED: usize = 8;

/// Forgets keys whose certificates were revoked, so that a secret does not grow without limit.
fn forget_revoked(secret: &mut CertificateSecret, live: &[LiveCertificate]) {
    if secret.superseded.len() > REMEMBERED {
        let lives = |key: &String| live.iter().any(|one| one.public_key.as_ref() == Some(key));
        secret.superseded.retain(|key, _| lives(key));
    }
}
