//! Safety verdicts on a plan for a zone, and what a plan leaves alone but a user wants to know.

use nex_plan::{Level, Verdict};

use crate::desired::Desired;
use crate::diff::{Do, RECORD, Step, competes, fields, names, owns, steps};
use crate::record::Entry;
use crate::zone::{Existing, Zone};

/// The verdicts on the plan that [`diff`](crate::diff()) makes of `desired` and `zone`.
pub fn lint(desired: &Desired, zone: &Zone) -> Vec<Verdict> {
    let steps = steps(desired, zone);
    let mut verdicts = conflicts(desired, zone);
    verdicts.extend(steps.iter().filter_map(|step| apex(desired, step)));
    verdicts.extend(too_much(desired, zone, &steps));
    verdicts.extend(beside(desired, zone));
    verdicts.extend(adopted_in_vain(desired, zone));
    verdicts
}

/// Whether a change is seen by those who ask for the name: a comment is not.
fn is_seen(step: &Step) -> bool {
    match &step.what {
        Do::Create(_) => false,
        Do::Delete(_) => true,
        Do::Update(old, new) => fields(Some(old), Some(new))
            .iter()
            .any(|f| f.field != "comment"),
    }
}

/// Records that stand in the way of the spec's and are not the environment's.
pub(crate) fn conflicts(desired: &Desired, zone: &Zone) -> Vec<Verdict> {
    let of = |new: &Entry| {
        let others = zone
            .records
            .iter()
            .filter(|other| competes(desired, other, new));
        others.map(|other| conflict(new, other)).collect::<Vec<_>>()
    };
    desired.records.iter().flat_map(of).collect()
}

fn conflict(new: &Entry, other: &Existing) -> Verdict {
    let whose = match other.environment() {
        Some(environment) => format!("is of nex's environment {environment}"),
        None => "was not made by nex".to_owned(),
    };
    Verdict::new(
        Level::Refusal,
        "not-ours",
        format!("{RECORD} {} {}", new.name, new.kind.as_str()),
        format!(
            "{} {} {} (id {}) {whose}: it is left as it is",
            other.name, other.kind, other.content, other.id
        ),
        match other.known() {
            Some(_) => format!(
                "take it over by: nex adopt ENV {RECORD} {}; or choose another name",
                other.id
            ),
            None => {
                "choose another name: nex adopts A, AAAA, CNAME and TXT records only".to_owned()
            }
        },
    )
}

/// What stands at the zone's own name serves the whole domain.
fn apex(desired: &Desired, step: &Step) -> Option<Verdict> {
    (step.name() == desired.zone && is_seen(step)).then(|| {
        Verdict::new(
            Level::Refusal,
            "apex-changed",
            step.resource.to_string(),
            format!(
                "{} itself would be answered otherwise, or not at all",
                desired.zone
            ),
            format!(
                "change the spec back, or allow it by --allow '{}'",
                step.resource
            ),
        )
    })
}

fn too_much(desired: &Desired, zone: &Zone, steps: &[Step]) -> Option<Verdict> {
    let owned = zone
        .records
        .iter()
        .filter(|e| e.known().is_some() && owns(desired, e))
        .count();
    let changed = steps.iter().filter(|step| is_seen(step)).count();
    let limits = &desired.limits;
    let many = owned >= limits.min_records as usize;
    let share = changed * 100 > owned * limits.max_changed_percent as usize;
    (many && share).then(|| {
        Verdict::new(
            Level::Refusal,
            "too-many-changes",
            format!("zone {}", desired.zone),
            format!(
                "{changed} of {owned} records would be changed or deleted: more than {} %",
                limits.max_changed_percent
            ),
            format!(
                "look the plan through, then allow it by --allow 'zone {}'; or raise limits.max_changed_percent",
                desired.zone
            ),
        )
    })
}

/// Others' records at the spec's names that are in nobody's way, such as a mail server's.
fn beside(desired: &Desired, zone: &Zone) -> Vec<Verdict> {
    let names = names(desired);
    let is_beside = |other: &&Existing| {
        let in_the_way = || {
            desired
                .records
                .iter()
                .any(|new| competes(desired, other, new))
        };
        names.contains(other.name_in(&desired.zone).as_str())
            && !owns(desired, other)
            && !in_the_way()
    };
    let verdict = |other: &Existing| {
        Verdict::new(
            Level::Info,
            "stands-beside",
            format!("{RECORD} {} {}", other.name, other.kind),
            format!(
                "{} (id {}) is not nex's and stays beside its records",
                other.content, other.id
            ),
            "nothing to do",
        )
    };
    zone.records.iter().filter(is_beside).map(verdict).collect()
}

fn adopted_in_vain(desired: &Desired, zone: &Zone) -> Vec<Verdict> {
    let is_ours = |id: &&String| {
        zone.records
            .iter()
            .any(|e| &e.id == *id && owns(desired, e))
    };
    let verdict = |id: &String| {
        Verdict::new(
            Level::Refusal,
            "nothing-to-adopt",
            format!("{RECORD} {id}"),
            "no record with this id stands where the spec has one",
            "adopt by an id that the plan shows",
        )
    };
    desired
        .adopt
        .iter()
        .filter(|id| !is_ours(id))
        .map(verdict)
        .collect()
}
