//! Batches: how changes are cut into calls, and which record of a failed batch is to blame.

use crate::change::{RecordChange, RecordStep};
use crate::desired::Desired;
use crate::diff::{Asked, rivals};
use crate::ids::RecordId;
use crate::record::NewRecord;
use crate::spec::ZonePlan;
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
    let is_deleted = |id: &RecordId| {
        batch
            .iter()
            .any(|step| matches!(&step.change, RecordChange::Delete(old) if old.id == *id))
    };
    let conflicts = |step: &RecordStep| {
        let (own, new) = match &step.change {
            RecordChange::Create(new) => (None, new),
            RecordChange::Update(old, new) => (Some(&old.id), new),
            RecordChange::Delete(_) => return false,
        };
        let mut others = zone
            .records
            .iter()
            .filter(|other| Some(&other.id) != own && !is_deleted(&other.id));
        others.any(|other| rivals(desired, other, &Asked::of(new)) && !coexists(other, new))
    };
    (0..batch.len())
        .filter(|at| conflicts(&batch[*at]))
        .collect()
}

/// Several addresses may have one name, as long as they differ.
fn coexists(other: &ObservedRecord, new: &NewRecord) -> bool {
    let differ = new.content != other.canonical_content() || other.record_type() != Some(new.kind);
    let other_type = other.record_type();
    let is_cname = |kind| kind == crate::spec::RecordType::Cname;
    let one_is_cname = is_cname(new.kind) || other_type.is_some_and(is_cname);
    differ && !one_is_cname && other_type.is_some()
}
