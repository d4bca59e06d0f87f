//! Revokes certificates that a plan named.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::time::Instant;

use nex_plan::{Action, Event, ResourceId, Watch, chain};

use super::decide::{CERTIFICATE, Which, in_use, revoked};
use super::issue::held;
use super::sink::SecretSource;
use crate::io::{Failure, Read, Write};
use crate::spec::Certificate;

/// What became of certificates that were to be revoked, by their ids.
#[derive(Debug)]
pub struct Revocation<E> {
    /// Those that live no more.
    pub done: Vec<String>,
    /// Those that Cloudflare did not revoke.
    pub failed: Vec<(String, E)>,
    /// Those that were left alone, and why.
    pub skipped: Vec<(String, String)>,
    /// Whether it was asked to stop before all was begun.
    pub stopped: bool,
}

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError<A: StdError + 'static, S: StdError + 'static> {
    /// Cloudflare failed.
    #[error("failed to see which certificates live")]
    Cloudflare(#[source] A),
    /// The source of the secrets failed.
    #[error("failed to see which certificates are in use")]
    Source(#[source] S),
}

impl<A: Failure, S: StdError> RevokeError<A, S> {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            RevokeError::Cloudflare(error) => error.hint(),
            RevokeError::Source(_) => None,
        }
    }
}

/// Revokes those of `ids` that [`revocations`](super::revocations) still names. What is in the secrets of `certificates`
/// and in the zone with the id `zone` is read anew first: one that has come into use since is left alone.
///
/// # Errors
/// [`RevokeError`]; what fails after the read is in the [`Revocation`].
pub async fn revoke<R, W, S>(
    ids: &BTreeSet<String>,
    which: Which,
    (zone, certificates): (&str, &[Certificate]),
    (reader, writer, source): (&R, &W, &S),
    watch: Watch<'_>,
) -> Result<Revocation<R::Error>, RevokeError<R::Error, S::Error>>
where
    R: Read,
    W: Write<Error = R::Error>,
    S: SecretSource,
{
    let held = held(source, certificates)
        .await
        .map_err(RevokeError::Source)?;
    let live = reader.certificates(zone, &in_use(&held)).await;
    let live = live.map_err(RevokeError::Cloudflare)?;
    let goes: BTreeSet<&String> = held
        .values()
        .flat_map(|bundle| revoked(bundle, &live, which).map(|one| &one.id))
        .collect();
    let mut ended = Revocation {
        done: vec![],
        failed: vec![],
        skipped: vec![],
        stopped: false,
    };
    for id in ids {
        if !live.iter().any(|one| one.id == *id) {
            ended.done.push(id.clone());
        } else if !goes.contains(id) {
            ended.skip(id, "it has come into use since the plan", watch);
        } else if watch.stop.is_stopped() {
            ended.stopped = true;
            ended.skip(id, "it was stopped before", watch);
        } else {
            ended.revoke(id, writer, watch).await;
        }
    }
    Ok(ended)
}

impl<E: Failure> Revocation<E> {
    async fn revoke<W: Write<Error = E>>(&mut self, id: &str, writer: &W, watch: Watch<'_>) {
        let began = Instant::now();
        let (resource, action) = (ResourceId::new(CERTIFICATE, id), Action::Delete);
        watch.progress.event(Event::Started {
            resource: resource.clone(),
            action,
        });
        let ended = writer.revoke(id).await;
        watch.progress.event(match &ended {
            Ok(()) => Event::Done {
                resource,
                action,
                elapsed: began.elapsed(),
            },
            Err(error) => Event::Failed {
                resource,
                error: chain(error),
            },
        });
        match ended {
            Ok(()) => self.done.push(id.to_owned()),
            Err(error) => self.failed.push((id.to_owned(), error)),
        }
    }

    fn skip(&mut self, id: &str, because: &str, watch: Watch<'_>) {
        watch.progress.event(Event::Skipped {
            resource: ResourceId::new(CERTIFICATE, id),
            because: because.to_owned(),
        });
        self.skipped.push((id.to_owned(), because.to_owned()));
    }
}
