//! Gets a certificate into its secret.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::Instant;

use nex_plan::{Class, Event, Progress, ResourceId, chain};
use time::{Duration, OffsetDateTime};

use super::bundle::{Bundle, Issued, Terms};
use super::decide::{CERTIFICATE, Next, action, decide};
use super::key::{self, KeyError};
use super::sink::{Held, SecretSink, SecretSource, Stored};
use super::{LiveCertificate, Request};
use crate::io::{Failure, Read, Write};
use crate::spec::Certificate;

/// What became of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuance {
    /// The one in the secret serves.
    Kept,
    /// A new one was issued and stored.
    Issued(String),
    /// One that an earlier run had issued was stored.
    Completed(String),
    /// The one in the secret serves, and a key that nobody needs any more was put away.
    Retired,
}

/// Why a certificate did not get into its secret.
#[derive(Debug, thiserror::Error)]
pub enum IssueError<A: StdError + 'static, S: StdError + 'static> {
    /// Cloudflare failed.
    #[error("failed to get the certificate of the secret {0}")]
    Cloudflare(String, #[source] A),
    /// The sink failed.
    #[error("failed to read or write the secret {0}")]
    Sink(String, #[source] S),
    /// No key could be made.
    #[error("failed to make a key for the secret {0}")]
    Key(String, #[source] KeyError),
    /// Another run wrote the secret in between. What this one had issued is known by its key.
    #[error("another run works on the secret {0}")]
    Overtaken(String),
    /// Cloudflare signed another key than it was asked to.
    #[error("the certificate {id} is not for the key in the secret {secret}: it was not stored")]
    OtherKey {
        /// The secret.
        secret: String,
        /// The certificate's id.
        id: String,
    },
}

impl<A: Failure, S: StdError> IssueError<A, S> {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            IssueError::Cloudflare(_, error) => error.hint(),
            IssueError::Overtaken(_) => {
                Some("wait for the other run to end, then run again".to_owned())
            }
            IssueError::Sink(..) | IssueError::Key(..) => None,
            IssueError::OtherKey { .. } => {
                Some("revoke it at Cloudflare, then run again".to_owned())
            }
        }
    }
}

/// What the secrets of these certificates hold, by the secrets' names; one that holds nothing is left out.
///
/// # Errors
/// The sink's.
pub async fn held<S: SecretSource>(
    sink: &S,
    certificates: &[Certificate],
) -> Result<BTreeMap<String, Bundle>, S::Error> {
    let read = certificates
        .iter()
        .map(|certificate| sink.read(&certificate.secret));
    let read = futures_util::future::try_join_all(read).await?;
    let names = certificates
        .iter()
        .map(|certificate| certificate.secret.clone());
    let held = names
        .zip(read)
        .filter_map(|(name, held)| Some((name, held?.bundle)));
    Ok(held.collect())
}

/// Sees to it that the secret holds a certificate as `wanted`. `zone` is the zone's id.
///
/// The key is stored before Cloudflare is asked, so that after a crash, or in a second run at the same time, every
/// certificate that was issued is found by its key and none is issued for nothing.
///
/// # Errors
/// [`IssueError`]. Run again: what was done counts.
pub async fn ensure<R, W, S>(
    wanted: &Certificate,
    zone: &str,
    (reader, writer, sink): (&R, &W, &S),
    now: OffsetDateTime,
    progress: &dyn Progress,
) -> Result<Issuance, IssueError<R::Error, S::Error>>
where
    R: Read,
    W: Write<Error = R::Error>,
    S: SecretSink,
{
    let run = Run {
        wanted,
        zone,
        reader,
        writer,
        sink,
        now,
    };
    let (bundle, version) = run.read().await?;
    let live = run.live(&bundle).await?;
    let (next, _) = decide(wanted, &bundle, &live, now);
    let Some(action) = action(&next, &bundle) else {
        return Ok(Issuance::Kept);
    };
    let resource = ResourceId::new(CERTIFICATE, &wanted.secret);
    progress.event(Event::Started {
        resource: resource.clone(),
        action,
    });
    let began = Instant::now();
    let result = run.go_on(next, bundle, version).await;
    progress.event(match &result {
        Ok(_) => Event::Done {
            resource,
            action,
            elapsed: began.elapsed(),
        },
        Err(error) => Event::Failed {
            resource,
            error: chain(error),
        },
    });
    result
}

struct Run<'a, R, W, S> {
    wanted: &'a Certificate,
    zone: &'a str,
    reader: &'a R,
    writer: &'a W,
    sink: &'a S,
    now: OffsetDateTime,
}

type Failed<R, S> = IssueError<<R as Read>::Error, <S as SecretSource>::Error>;

impl<R, W, S> Run<'_, R, W, S>
where
    R: Read,
    W: Write<Error = R::Error>,
    S: SecretSink,
{
    async fn go_on(
        &self,
        next: Next,
        mut bundle: Bundle,
        version: Option<String>,
    ) -> Result<Issuance, Failed<R, S>> {
        match next {
            Next::Keep => Ok(Issuance::Kept),
            Next::Retire => {
                self.retire_pending(&mut bundle);
                self.store(&bundle, version).await?;
                Ok(Issuance::Retired)
            }
            Next::Complete(one) => {
                let id = one.id.clone();
                self.complete(bundle, version, one).await?;
                Ok(Issuance::Completed(id))
            }
            Next::Resume => self.issue(bundle, version).await,
            Next::Begin => {
                self.retire_pending(&mut bundle);
                let made = key::make(Terms::of(self.wanted), self.now);
                let made = made.map_err(|error| IssueError::Key(self.secret(), error))?;
                bundle.pending = Some(made);
                self.issue(bundle, version).await
            }
        }
    }

    /// Claims the key that waits, has it signed, and stores the certificate.
    async fn issue(
        &self,
        mut bundle: Bundle,
        version: Option<String>,
    ) -> Result<Issuance, Failed<R, S>> {
        let Some(pending) = &mut bundle.pending else {
            return Ok(Issuance::Kept);
        };
        pending.claimed = self.now;
        let (request, public_key) = (
            Request {
                csr: pending.csr.clone(),
                terms: pending.terms.clone(),
            },
            pending.public_key.clone(),
        );
        // Of two runs at once, one gets past this.
        let version = self.store(&bundle, version).await?;
        let one = match self.writer.issue(&request).await {
            Ok(one) => one,
            Err(error) if error.class() == Class::Lost => {
                let live = self.live(&bundle).await?;
                let is_it = |one: &LiveCertificate| one.public_key.as_ref() == Some(&public_key);
                let found = live.into_iter().find(is_it);
                found.ok_or_else(|| IssueError::Cloudflare(self.secret(), error))?
            }
            Err(error) => return Err(IssueError::Cloudflare(self.secret(), error)),
        };
        let id = one.id.clone();
        self.complete(bundle, Some(version), one).await?;
        Ok(Issuance::Issued(id))
    }

    /// Makes `one` the certificate in use, and remembers the key of the one before it.
    async fn complete(
        &self,
        mut bundle: Bundle,
        version: Option<String>,
        one: LiveCertificate,
    ) -> Result<(), Failed<R, S>> {
        let Some(pending) = bundle.pending.take() else {
            return Ok(());
        };
        if one.public_key.as_ref() != Some(&pending.public_key) {
            return Err(IssueError::OtherKey {
                secret: self.secret(),
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
        if let Some(old) = bundle.issued.replace(new) {
            bundle.superseded.insert(old.public_key, old.expires);
        }
        bundle.superseded.retain(|_, end| *end > self.now);
        self.store(&bundle, version).await.map(drop)
    }

    /// A key that waited is not needed: a certificate for it may live as long as it was asked to.
    fn retire_pending(&self, bundle: &mut Bundle) {
        if let Some(old) = bundle.pending.take() {
            let end =
                old.claimed.max(self.now) + Duration::days(i64::from(old.terms.validity_days) + 1);
            bundle.superseded.insert(old.public_key, end);
        }
    }

    async fn read(&self) -> Result<(Bundle, Option<String>), Failed<R, S>> {
        let held = self.sink.read(&self.wanted.secret).await;
        let held = held.map_err(|error| IssueError::Sink(self.secret(), error))?;
        Ok(match held {
            Some(Held { version, bundle }) => (bundle, Some(version)),
            None => (Bundle::default(), None),
        })
    }

    async fn live(&self, bundle: &Bundle) -> Result<Vec<LiveCertificate>, Failed<R, S>> {
        let in_use = bundle.issued.iter().map(|issued| issued.id.clone());
        let live = self.reader.certificates(self.zone, &in_use.collect()).await;
        live.map_err(|error| IssueError::Cloudflare(self.secret(), error))
    }

    async fn store(&self, bundle: &Bundle, over: Option<String>) -> Result<String, Failed<R, S>> {
        let stored = self
            .sink
            .store(&self.wanted.secret, bundle, over.as_deref())
            .await;
        match stored.map_err(|error| IssueError::Sink(self.secret(), error))? {
            Stored::Now(version) => Ok(version),
            Stored::Overtaken => Err(IssueError::Overtaken(self.secret())),
        }
    }

    fn secret(&self) -> String {
        self.wanted.secret.clone()
    }
}
