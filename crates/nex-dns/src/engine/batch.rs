//! Batches: how changes are cut into calls, and which record of a failed batch is to blame.

use std::collections::BTreeSet;

use crate::change::{RecordChange, RecordStep};
use crate::desired::Desired;
use crate::ids::RecordId;
use crate::record::NewRecord;
use crate::spec::{RecordType, ZonePlan};
use crate::taken::{Claim, Taken};
use crate::zone::{ObservedRecord, Zone};

/// The most changes that one batch may hold (Cloudflare's API reference, "Batch DNS Records").
fn max_batch(plan: ZonePlan) -> usize {
    match plan {
        ZonePlan::Free => 200,
        ZonePlan::Pro | ZonePlan::Business | ZonePlan::Enterprise => 3_500,
    }
}

/// Cuts changes into batches; Cloudflare does a batch as a whole or not at all. The changes of one name stay together,
/// so that a name never lacks a record while its type changes.
pub(super) fn batches(steps: Vec<RecordStep>, plan: ZonePlan) -> Vec<Vec<RecordStep>> {
    let max = max_batch(plan);
    let mut batches: Vec<Vec<RecordStep>> = vec![];
    for name in by_name(steps) {
        for part in name.chunks(max) {
            match batches.last_mut() {
                Some(last) if last.len() + part.len() <= max => last.extend_from_slice(part),
                _ => batches.push(part.to_vec()),
            }
        }
    }
    batches
}

fn by_name(mut steps: Vec<RecordStep>) -> Vec<Vec<RecordStep>> {
    steps.sort_by(|a, b| a.name().cmp(b.name()));
    let same = |a: &RecordStep, b: &RecordStep| a.name() == b.name();
    steps.chunk_by(same).map(<[RecordStep]>::to_vec).collect()
}

/// The steps of a failed batch that conflict with a record of the zone as it was read afterwards. Cloudflare's own
/// answer does not say which change of a batch was refused.
pub(super) fn conflicting(batch: &[RecordStep], desired: &Desired, zone: &Zone) -> Vec<usize> {
    let deleted = batch.iter().filter_map(|step| match &step.change {
        RecordChange::Delete(old) => Some(&old.id),
        RecordChange::Create(_) | RecordChange::Update(..) => None,
    });
    let deleted: BTreeSet<&RecordId> = deleted.collect();
    let left = zone.records.iter();
    let taken = Taken::by(left.filter(|other| !deleted.contains(&other.id)), desired);
    let conflicts = |step: &RecordStep| {
        let (own, new) = match &step.change {
            RecordChange::Create(new) => (None, new),
            RecordChange::Update(old, new) => (Some(&old.id), new),
            RecordChange::Delete(_) => return false,
        };
        let is_other = |other: &&ObservedRecord| Some(&other.id) != own;
        let mut rivals = taken.rivals(Claim::of(new)).filter(is_other);
        rivals.any(|other| !coexists(other, new)) || taken.twins(new).any(|other| is_other(&other))
    };
    (0..batch.len())
        .filter(|at| conflicts(&batch[*at]))
        .collect()
}

/// Several addresses may have the same name, unless Workers keeps one of them; whether their contents differ does not
/// matter here.
fn coexists(other: &ObservedRecord, new: &NewRecord) -> bool {
    let is_cname = |kind| kind == RecordType::Cname;
    let other = other.ownable_type();
    other.is_some_and(|other| !is_cname(other) && !is_cname(new.kind))
}
