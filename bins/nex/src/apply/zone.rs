//! Cloudflare's part of an apply: certificates, then records and settings.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::time::Instant;

use nex_dns::certificate::{self, CERTIFICATE, Revocation, Which};
use nex_dns::{ApplyError, Outcome, RECORD, SETTING};
use nex_plan::{Action, Approved, Change, ResourceId, Watch, chain};

use super::hints;
use super::tally::{Failure, Tally};
use crate::cloudflare::{Cloudflare, View};
use crate::environment::Spec;

pub(super) fn is_certificate(change: &Change) -> bool {
    change.resource.kind == CERTIFICATE
}

/// Whether a change is a record's or a setting's.
pub(super) fn is_record(change: &Change) -> bool {
    [RECORD, SETTING].contains(&change.resource.kind.as_str())
}

fn named(plan: &Approved, which: fn(&Change) -> bool) -> Vec<&Change> {
    plan.plan().actions.iter().filter(|c| which(c)).collect()
}

fn failure(change: &Change, error: &(dyn StdError + 'static)) -> Failure {
    Failure {
        resource: change.resource.clone(),
        action: change.action,
        error: chain(error),
        hint: hints::hint(error),
    }
}

/// Gets the certificates that `plan` names into their secrets.
pub(super) async fn certificates(
    cloudflare: &Cloudflare,
    spec: &Spec,
    (plan, view): (&Approved, &View),
    watch: Watch<'_>,
    tally: &mut Tally,
) {
    let Some(origin) = &cloudflare.origin else {
        return;
    };
    let client = &cloudflare.client;
    let (writer, sink) = (client.writer(), origin.writer());
    for change in named(plan, is_certificate) {
        let of_change = |c: &&nex_dns::Certificate| c.secret == change.resource.name;
        let wanted = spec.dns.certificates.iter().find(of_change);
        let Some(wanted) = wanted.filter(|_| !watch.stop.is_stopped()) else {
            continue;
        };
        let began = Instant::now();
        let clients = (client, &writer, &sink);
        let zone = &view.zone.id;
        let ended = certificate::ensure(wanted, zone, clients, view.now, watch.progress).await;
        tally.took(began.elapsed());
        match ended {
            Ok(_) => {
                tally.done.push((change.resource.clone(), change.action));
                tally.left(|c| c.resource == change.resource, vec![]);
            }
            Err(error) => tally.failed.push(Failure {
                hint: error.hint().or_else(|| hints::hint(&error)),
                ..failure(change, &error)
            }),
        }
    }
}

/// Does the records and settings that `plan` names.
pub(super) async fn records(
    cloudflare: &Cloudflare,
    desired: &nex_dns::Desired,
    plan: &Approved,
    watch: Watch<'_>,
    tally: &mut Tally,
) {
    let asked = named(plan, is_record);
    if asked.is_empty() {
        return;
    }
    let client = &cloudflare.client;
    let began = Instant::now();
    let ended = nex_dns::apply(plan, desired, client, &client.writer(), watch).await;
    tally.took(began.elapsed());
    let outcome = match ended {
        Ok(outcome) => outcome,
        Err(error) => {
            let (why, hint) = (chain(&error), error.hint());
            match error {
                ApplyError::Unread { outcome, .. } => {
                    tally.unread = Some(why);
                    *outcome
                }
                ApplyError::Read(..) | ApplyError::Moved { .. } => {
                    let failure = |change: &&Change| Failure {
                        resource: change.resource.clone(),
                        action: change.action,
                        error: why.clone(),
                        hint: hint.clone(),
                    };
                    tally.failed.extend(asked.iter().map(failure));
                    return;
                }
            }
        }
    };
    let Outcome {
        done,
        failed,
        skipped,
        stopped,
        rest,
    } = outcome;
    tally.done.extend(done);
    tally.skipped.extend(skipped);
    tally.stopped |= stopped;
    tally.left(is_record, rest.actions);
    for failed in failed {
        let of = |c: &&&Change| c.resource == failed.resource;
        let action = asked.iter().find(of).map_or(Action::Update, |c| c.action);
        tally.failed.push(Failure {
            resource: failed.resource,
            action,
            error: failed.error,
            hint: failed.hint,
        });
    }
}

/// Revokes the certificates that `plan` names.
pub(super) async fn revoke(
    cloudflare: &Cloudflare,
    spec: &Spec,
    (plan, view, which): (&Approved, &View, Which),
    watch: Watch<'_>,
    tally: &mut Tally,
) {
    let asked = named(plan, is_certificate);
    let Some(origin) = cloudflare.origin.as_ref().filter(|_| !asked.is_empty()) else {
        return;
    };
    let ids: BTreeSet<String> = asked.iter().map(|c| c.resource.name.clone()).collect();
    let client = &cloudflare.client;
    let began = Instant::now();
    let of = (view.zone.id.as_str(), &spec.dns.certificates[..]);
    let clients = (client, &client.writer(), origin);
    let ended = certificate::revoke(&ids, which, of, clients, watch).await;
    tally.took(began.elapsed());
    let Revocation {
        done,
        failed,
        skipped,
        stopped,
    } = match ended {
        Ok(ended) => ended,
        Err(error) => {
            let failures = asked.iter().map(|change| failure(change, &error));
            tally.failed.extend(failures);
            return;
        }
    };
    let resource = |id: String| ResourceId::new(CERTIFICATE, id);
    for gone in done.into_iter().map(resource) {
        tally.left(|c| c.resource == gone, vec![]);
        tally.done.push((gone, Action::Delete));
    }
    let skipped = skipped.into_iter();
    tally
        .skipped
        .extend(skipped.map(|(id, because)| (resource(id), because)));
    tally.stopped |= stopped;
    for (id, error) in failed {
        tally.failed.push(Failure {
            resource: resource(id),
            action: Action::Delete,
            error: chain(&error),
            hint: hints::hint(&error),
        });
    }
}
