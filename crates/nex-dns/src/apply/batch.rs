//! Batches: how changes are cut into calls, and which record of a failed one is to blame.

use crate::desired::Desired;
use crate::diff::{Do, Step, rivals};
use crate::spec::ZonePlan;
use crate::zone::Zone;

/// How many changes one batch may hold.
fn largest(plan: ZonePlan) -> usize {
    match plan {
        ZonePlan::Free => 200,
        ZonePlan::Pro | ZonePlan::Business | ZonePlan::Enterprise => 3_500,
    }
}

/// Cuts changes into batches, each done whole or not at all. The changes of one name stay together, so that a name whose
/// type changes is never without a record.
pub(crate) fn batches(steps: Vec<Step>, plan: ZonePlan) -> Vec<Vec<Step>> {
    let largest = largest(plan);
    let mut batches: Vec<Vec<Step>> = vec![];
    for name in by_name(steps) {
        for part in name.chunks(largest) {
            match batches.last_mut() {
                Some(last) if last.len() + part.len() <= largest => last.extend_from_slice(part),
                _ => batches.push(part.to_vec()),
            }
        }
    }
    batches
}

fn by_name(mut steps: Vec<Step>) -> Vec<Vec<Step>> {
    steps.sort_by(|a, b| a.name().cmp(b.name()));
    let same = |a: &Step, b: &Step| a.name() == b.name();
    steps.chunk_by(same).map(<[Step]>::to_vec).collect()
}

/// The changes of a failed batch that met a record in their way, by the zone as it was read after it. Cloudflare's own
/// answer does not say which change of a batch it refused.
pub(crate) fn in_the_way(batch: &[Step], desired: &Desired, zone: &Zone) -> Vec<usize> {
    let goes = |id: &str| {
        batch
            .iter()
            .any(|step| matches!(&step.what, Do::Delete(old) if old.id == id))
    };
    let meets = |step: &Step| {
        let (own, new) = match &step.what {
            Do::Create(new) => (None, new),
            Do::Update(old, new) => (Some(&old.id), new),
            Do::Delete(_) => return false,
        };
        let mut others = zone
            .records
            .iter()
            .filter(|other| Some(&other.id) != own && !goes(&other.id));
        others.any(|other| rivals(desired, other, new) && !stands_beside(other, step))
    };
    (0..batch.len()).filter(|at| meets(&batch[*at])).collect()
}

/// Several addresses at one name are fine, as long as they differ.
fn stands_beside(other: &crate::Existing, step: &Step) -> bool {
    match &step.what {
        Do::Create(new) | Do::Update(_, new) => {
            let differ = new.content.text() != Some(&other.canonical_content())
                || other.known() != Some(new.kind);
            let one_is_cname = [other.kind.as_str(), new.kind.as_str()].contains(&"CNAME");
            differ && !one_is_cname && other.known().is_some()
        }
        Do::Delete(_) => true,
    }
}
