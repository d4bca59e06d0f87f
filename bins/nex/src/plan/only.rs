//! A plan of a part of the environment: the resources that the operator names, and what they need.

use std::collections::BTreeSet;

use anyhow::bail;
use nex_dns::ZoneSnapshot;
use nex_dns::step::ZoneStep;
use nex_infra::Buckets;
use nex_infra::model::{Key, Kind};
use nex_plan::{Finding, Linted, Plan, PlanEntry as _, Planned, ResourceId, Severity, Subject};

use super::{AwsState, Deferred, Step};
use crate::apply::stage::{Stage, is_certificate, stage, starts_server};
use crate::similar::nearest;

/// Checks that the environment has each resource that the operator names.
///
/// # Errors
/// With the kinds and names that there are.
pub(super) fn check(
    named: &[ResourceId],
    plan: &Plan<Step>,
    aws: &AwsState,
    zone: Option<&ZoneSnapshot>,
) -> anyhow::Result<()> {
    let at_aws = aws.desired.keys().chain(aws.snapshot.observed.keys());
    let known: BTreeSet<ResourceId> = at_aws.map(Key::resource_id).collect();
    for id in named {
        let is_in_zone = zone.is_some_and(|zone| zone.knows(id));
        let exists = known.contains(id) || is_in_zone || plan.entry(id).is_some();
        if !exists {
            let ids = plan.entries.iter().map(Planned::id);
            let all: Vec<String> = ids.chain(known).map(|id| id.to_string()).collect();
            let instead = match nearest(&id.to_string(), &all) {
                Some(similar) => format!("did you mean {similar}?"),
                None => "a plan shows the kinds and names".to_owned(),
            };
            bail!("the environment has no {id}; {instead}");
        }
    }
    Ok(())
}

/// The plan is limited to `named`, and to the steps that those wait for.
pub(super) fn limited(
    linted: Linted<Step>,
    named: &[ResourceId],
    buckets: &Buckets,
) -> Linted<Step> {
    let entries = &linted.plan().entries;
    // Every change needs the lock, and a first run makes its bucket.
    let has_lock = |entry: &&Planned<Step>| stage(entry, Some(buckets)) == Stage::LockBucket;
    let lock = entries.iter().filter(has_lock).map(Planned::id);
    let mut open: Vec<ResourceId> = named.iter().cloned().chain(lock).collect();
    let mut kept = BTreeSet::new();
    while let Some(id) = open.pop() {
        if let Some(entry) = linted.plan().entry(&id) {
            open.extend(needs(entry, entries).filter(|id| !kept.contains(id)));
        }
        kept.insert(id);
    }
    let all = entries.len();
    let limited = linted.only(kept);
    let left_out = all - limited.plan().entries.len();
    let note = (left_out > 0).then(|| {
        Finding::new(
            Severity::Info,
            "left-out",
            Subject::Other("the plan".to_owned()),
            format!("{left_out} of {all} changes are left out"),
            "plan without a limit to see them",
        )
    });
    limited.with(note)
}

/// What a step waits for.
fn needs(entry: &Planned<Step>, all: &[Planned<Step>]) -> impl Iterator<Item = ResourceId> {
    let own: Vec<ResourceId> = match entry {
        Planned::Ready(Step::Aws(step)) => {
            let keys = step.needs.iter().map(|key| key.resource_id());
            let certificates = all.iter().filter(|_| starts_server(entry));
            let certificates = certificates.filter(|one| is_certificate(one));
            keys.chain(certificates.map(Planned::id)).collect()
        }
        Planned::Ready(Step::Zone(step)) => match &**step {
            ZoneStep::Certificate(_) => {
                let secret = ResourceId::new(Kind::Secret.as_str(), step.id().name);
                vec![secret]
            }
            ZoneStep::Record(_) | ZoneStep::Setting(_) | ZoneStep::Revocation(_) => vec![],
        },
        Planned::Deferred(Deferred::Zone(_)) => {
            let addresses = all.iter().filter(|one| is_address(one));
            addresses.map(Planned::id).collect()
        }
    };
    own.into_iter()
}

fn is_address(entry: &Planned<Step>) -> bool {
    match entry {
        Planned::Ready(Step::Aws(step)) => step.key.kind == Kind::ElasticIp,
        Planned::Ready(Step::Zone(_)) | Planned::Deferred(_) => false,
    }
}
