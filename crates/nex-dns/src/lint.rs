//! The rules about plans for a zone: what the operator must allow by name, and which records of others stay.

use std::collections::BTreeSet;

use nex_plan::{Finding, NOT_OURS, Planned, Remedy, ResourceId, Severity, Subject, printable};

use crate::change::{RECORD, RecordChange, ZoneStep};
use crate::desired::Desired;
use crate::diff::{others, owns};
use crate::ids::RecordId;
use crate::ownership::max_comment_length;
use crate::spec::ZonePlan;
use crate::taken::{Claim, Taken};
use crate::zone::{ObservedRecord, Zone};

/// The findings about a plan with these entries.
pub(crate) fn records(
    desired: &Desired,
    zone: &Zone,
    entries: &[Planned<ZoneStep>],
) -> Vec<Finding> {
    let visible: Vec<VisibleChange<'_>> = entries.iter().filter_map(VisibleChange::of).collect();
    let others = others(desired, zone);
    // Several addresses of a name make one claim.
    let claims: BTreeSet<Claim<'_>> = desired.records.iter().map(Claim::of_desired).collect();
    let conflicts = conflicts(&claims, &others);
    let mut findings: Vec<Finding> = conflicts.iter().map(conflict).collect();
    findings.extend(visible.iter().filter_map(|change| apex(desired, change)));
    findings.extend(too_many(desired, zone, visible.len()));
    findings.extend(not_served(&claims, &others));
    findings.extend(beside(desired, zone, &conflicts));
    findings
}

/// A change of an existing record that resolvers can see.
struct VisibleChange<'a> {
    id: ResourceId,
    name: &'a str,
}

impl<'a> VisibleChange<'a> {
    fn of(entry: &'a Planned<ZoneStep>) -> Option<Self> {
        let id = entry.id();
        match entry {
            Planned::Ready(ZoneStep::Record(step)) if step.is_visible() => {
                let name = step.name();
                Some(Self { id, name })
            }
            Planned::Deferred(deferred) if deferred.old.is_some() => {
                let name = &deferred.new.name;
                Some(Self { id, name })
            }
            Planned::Ready(_) | Planned::Deferred(_) => None,
        }
    }
}

/// A record of someone else, and the record of the spec that it conflicts with.
type Conflict<'a> = (Claim<'a>, &'a ObservedRecord);

/// Records of others that conflict with the spec's records.
fn conflicts<'a>(claims: &BTreeSet<Claim<'a>>, others: &Taken<'a>) -> Vec<Conflict<'a>> {
    let of = |claim: &Claim<'a>| {
        let claim = *claim;
        others.rivals(claim).map(move |other| (claim, other))
    };
    claims.iter().flat_map(of).collect()
}

/// Records of the spec below a name that is delegated to other servers.
fn not_served(claims: &BTreeSet<Claim<'_>>, others: &Taken<'_>) -> Vec<Finding> {
    let finding = |claim: &Claim<'_>| {
        let above = others.delegation_above(claim.name)?;
        let Claim { name, kind, .. } = claim;
        Some(Finding::new(
            Severity::Warning,
            "not-served",
            ResourceId::new(RECORD, format!("{name} {kind}")),
            format!(
                "{} NS {} (id {}) delegates all names below it, so no resolver returns this record",
                above.name, above.content, above.id
            ),
            "choose a name that is not below it, or delete its NS records",
        ))
    };
    claims.iter().filter_map(finding).collect()
}

/// The comment of an adopted record must have room for the mark.
pub(crate) fn adoption(entries: &[Planned<ZoneStep>], plan: ZonePlan) -> Vec<Finding> {
    let max = max_comment_length(plan);
    let finding = |entry: &Planned<ZoneStep>| {
        let Planned::Ready(ZoneStep::Record(step)) = entry else {
            return None;
        };
        let RecordChange::Update(_, new) = &step.change else {
            return None;
        };
        let length = new.comment.chars().count();
        (length > max).then(|| {
            let message = format!(
                "with nex's mark the comment has {length} characters: Cloudflare allows {max} on this plan"
            );
            let remedy = format!(
                "shorten the record's own comment at Cloudflare by {} characters",
                length - max
            );
            Finding::new(Severity::Deny, "comment-too-long", entry.id(), message, remedy)
        })
    };
    entries.iter().filter_map(finding).collect()
}

fn conflict((new, other): &Conflict<'_>) -> Finding {
    Finding::new(
        Severity::Deny,
        NOT_OURS,
        ResourceId::new(RECORD, format!("{} {}", new.name, new.kind)),
        conflict_message(other),
        conflict_remedy(other),
    )
}

/// Says that a conflicting record stays, and who owns it.
pub(crate) fn conflict_message(other: &ObservedRecord) -> String {
    let owner = match other.deployment() {
        Some(deployment) => format!("belongs to the deployment {deployment}"),
        None if other.read_only => "is read-only, so nobody can change it".to_owned(),
        None => "was not made by nex".to_owned(),
    };
    printable(format!(
        "{} {} {} (id {}) {owner}: nex leaves the record as it is",
        other.name, other.kind, other.content, other.id
    ))
}

/// What resolves the conflict with a record.
pub(crate) fn conflict_remedy(other: &ObservedRecord) -> Remedy {
    match other.ownable_type() {
        Some(_) => Remedy::Adopt {
            kind: RECORD,
            id: other.id.to_string(),
        },
        None if other.read_only => {
            "choose another name, or remove the record in the product of Cloudflare's that keeps it, such as Workers".into()
        }
        None => "choose another name: nex adopts A, AAAA, CNAME and TXT records only".into(),
    }
}

/// The records at the zone's own name serve the whole domain.
fn apex(desired: &Desired, change: &VisibleChange<'_>) -> Option<Finding> {
    (change.name == desired.zone).then(|| {
        Finding::new(
            Severity::Deny,
            "apex-changed",
            change.id.clone(),
            format!(
                "the answer for {} itself would change or disappear",
                desired.zone
            ),
            Remedy::Allow,
        )
    })
}

fn too_many(desired: &Desired, zone: &Zone, changed: usize) -> Option<Finding> {
    let owned = zone.records.iter().filter(|e| owns(desired, e)).count();
    let limits = &desired.limits;
    let many = owned >= limits.min_records as usize;
    let share = changed * 100 > owned * limits.max_changed_percent as usize;
    (many && share).then(|| {
        Finding::new(
            Severity::Deny,
            "too-many-changes",
            Subject::Other(format!("zone {}", desired.zone)),
            format!(
                "{changed} of {owned} records would be changed or deleted: more than {} %",
                limits.max_changed_percent
            ),
            Remedy::Allow,
        )
    })
}

/// Records of others at the spec's names that conflict with nothing, such as a mail server's.
fn beside(desired: &Desired, zone: &Zone, conflicts: &[Conflict<'_>]) -> Vec<Finding> {
    let names: BTreeSet<&str> = desired.records.iter().map(|r| r.name.as_str()).collect();
    let conflicting: BTreeSet<&RecordId> = conflicts.iter().map(|(_, other)| &other.id).collect();
    let is_beside = |other: &&ObservedRecord| {
        names.contains(other.name_in(&desired.zone).as_str())
            && !owns(desired, other)
            && !conflicting.contains(&other.id)
    };
    let finding = |other: &ObservedRecord| {
        Finding::new(
            Severity::Info,
            "stands-beside",
            ResourceId::new(RECORD, format!("{} {}", other.name, other.kind)),
            format!(
                "{} (id {}) is not nex's and stays beside its records",
                other.content, other.id
            ),
            "nothing to do",
        )
    };
    zone.records.iter().filter(is_beside).map(finding).collect()
}
