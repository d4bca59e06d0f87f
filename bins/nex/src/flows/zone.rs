//! Cloudflare's part of a flow: certificates, then records and settings.

use std::time::Instant;

use nex_dns::certificate::{self, CERTIFICATE, Which};
use nex_dns::{Outcome, RECORD, SETTING};
use nex_plan::{Action, Approved, Change, Progress, ResourceId, chain};

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

/// Gets the certificates that `plan` names into their secrets.
pub(super) async fn certificates(
    cloudflare: &Cloudflare,
    spec: &Spec,
    (plan, view): (&Approved, &View),
    progress: &dyn Progress,
    tally: &mut Tally,
) {
    let Some(origin) = &cloudflare.origin else {
        return;
    };
    let client = &cloudflare.client;
    for change in named(plan, is_certificate) {
        let of_change = |c: &&nex_dns::Certificate| c.secret == change.resource.name;
        let Some(wanted) = spec.dns.certificates.iter().find(of_change) else {
            continue;
        };
        let began = Instant::now();
        let clients = (client, client, origin);
        let ended = certificate::ensure(wanted, &view.zone.id, clients, view.now, progress).await;
        tally.took(began.elapsed());
        match ended {
            Ok(_) => {
                tally.done.push((change.resource.clone(), change.action));
                tally.left(|c| c.resource == change.resource, vec![]);
            }
            Err(error) => tally.failed.push(Failure {
                resource: change.resource.clone(),
                action: change.action,
                hint: error.hint(),
                error: chain(&error),
            }),
        }
    }
}

/// Does the records and settings that `plan` names.
pub(super) async fn records(
    cloudflare: &Cloudflare,
    desired: &nex_dns::Desired,
    plan: &Approved,
    progress: &dyn Progress,
    tally: &mut Tally,
) {
    let asked = named(plan, is_record);
    if asked.is_empty() {
        return;
    }
    let client = &cloudflare.client;
    let began = Instant::now();
    let ended = nex_dns::apply(plan, desired, client, client, progress).await;
    tally.took(began.elapsed());
    let Outcome {
        done,
        failed,
        skipped,
        rest,
        zone: _,
    } = match ended {
        Ok(outcome) => outcome,
        Err(error) => {
            let failure = |change: &&Change| Failure {
                resource: change.resource.clone(),
                action: change.action,
                error: chain(&error),
                hint: error.hint(),
            };
            tally.failed.extend(asked.iter().map(failure));
            return;
        }
    };
    tally.done.extend(done);
    tally.skipped.extend(skipped);
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

/// Revokes certificates of the spec's secrets.
pub(super) async fn revoke(
    cloudflare: &Cloudflare,
    spec: &Spec,
    (view, which): (&View, Which),
    progress: &dyn Progress,
    tally: &mut Tally,
) {
    let Some(origin) = &cloudflare.origin else {
        return;
    };
    let client = &cloudflare.client;
    let zone = &view.zone.id;
    for wanted in &spec.dns.certificates {
        let began = Instant::now();
        let clients = (client, client, origin);
        let ended = certificate::revoke(&wanted.secret, which, zone, clients, progress).await;
        tally.took(began.elapsed());
        let delete = Action::Delete;
        match ended {
            Ok(ids) => {
                for id in ids {
                    let resource = ResourceId::new(CERTIFICATE, id);
                    tally.left(|c| c.resource == resource, vec![]);
                    tally.done.push((resource, delete));
                }
            }
            Err(error) => tally.failed.push(Failure {
                resource: ResourceId::new(CERTIFICATE, &wanted.secret),
                action: delete,
                hint: error.hint(),
                error: chain(&error),
            }),
        }
    }
}
