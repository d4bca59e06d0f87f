//! Takes over records that someone else made: puts the deployment's mark on them and changes nothing else of them.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::{Finding, PlanEntry as _, Planned, ResourceId, Severity};

use crate::change::{RECORD, RecordChange, RecordStep, ZoneStep};
use crate::desired::Desired;
use crate::diff::{others, owns, records};
use crate::ids::RecordId;
use crate::lint::{conflict_message, conflict_remedy};
use crate::ownership::{marked, unmarked};
use crate::record::{NewRecord, effective_ttl};
use crate::spec::RecordType;
use crate::taken::Claim;
use crate::zone::{ObservedRecord, Zone};

/// The steps that put the deployment's mark on these records, in place of any other deployment's. A record that no
/// deployment can own is left out.
pub(crate) fn steps(desired: &Desired, zone: &Zone, ids: &BTreeSet<RecordId>) -> Vec<RecordStep> {
    let asked = zone
        .records
        .iter()
        .filter(|record| ids.contains(&record.id));
    let marked = asked.filter_map(|record| Some((record, adopted(desired, record)?)));
    let mut alike: BTreeMap<(String, RecordType), Vec<_>> = BTreeMap::new();
    for (old, new) in marked {
        let key = (new.name.clone(), new.kind);
        alike.entry(key).or_default().push((old, new));
    }
    let steps = alike.into_values().flat_map(|alike| {
        let several = alike.len() > 1;
        alike.into_iter().map(move |(old, new)| RecordStep {
            label: label(&new, several),
            change: RecordChange::Update(old.clone(), new),
            reasons: vec![],
        })
    });
    steps.collect()
}

fn label(record: &NewRecord, several: bool) -> String {
    let NewRecord {
        name,
        kind,
        content,
        ..
    } = record;
    if several {
        format!("{name} {kind} {content}")
    } else {
        format!("{name} {kind}")
    }
}

/// The record with the deployment's mark; `None` if no deployment can own it.
fn adopted(desired: &Desired, existing: &ObservedRecord) -> Option<NewRecord> {
    let comment = existing.comment.as_deref().and_then(unmarked);
    Some(NewRecord {
        kind: existing.ownable_type()?,
        name: existing.name_in(&desired.zone),
        content: existing.canonical_content(),
        ttl: effective_ttl(existing.ttl, existing.proxied),
        proxied: existing.proxied,
        comment: marked(comment, &desired.deployment),
    })
}

/// What the next plan does because of these adoptions.
pub(crate) fn differences(
    desired: &Desired,
    zone: &Zone,
    adoptions: &[RecordStep],
) -> Vec<Planned<ZoneStep>> {
    let comments: BTreeMap<&RecordId, &String> = adoptions
        .iter()
        .filter_map(|step| match &step.change {
            RecordChange::Update(old, new) => Some((&old.id, &new.comment)),
            RecordChange::Create(_) | RecordChange::Delete(_) => None,
        })
        .collect();
    let mut after = zone.clone();
    for record in &mut after.records {
        if let Some(comment) = comments.get(&record.id) {
            record.comment = Some((*comment).clone());
        }
    }
    let before = records(desired, zone).entries.into_iter();
    let before: BTreeMap<ResourceId, Planned<ZoneStep>> =
        before.map(|entry| (entry.id(), entry)).collect();
    let mut then = records(desired, &after).entries;
    then.retain(|entry| before.get(&entry.id()) != Some(entry));
    then
}

/// Whether an entry of a plan changes or deletes the record with this id.
pub(crate) fn is_about(entry: &Planned<ZoneStep>, id: &RecordId) -> bool {
    let target = match entry {
        Planned::Ready(step) => step.target(),
        Planned::Deferred(deferred) => deferred.target(),
    };
    target == Some(id.as_str())
}

/// What an adoption of everything takes over.
pub(crate) struct Candidates {
    pub(crate) records: BTreeSet<RecordId>,
    /// What stays with its owner, and why.
    pub(crate) findings: Vec<Finding>,
}

/// What must differ between two records of a spec: the name, the type, and the content of a text.
type Identity = (String, RecordType, Option<String>);

fn identity(name: &str, kind: RecordType, content: &str) -> Identity {
    let text = (kind == RecordType::Txt).then(|| content.to_owned());
    (name.to_owned(), kind, text)
}

/// The records of one identity.
#[derive(Default)]
struct Group<'a> {
    /// How many the spec asks for.
    wanted: usize,
    owned: Vec<&'a ObservedRecord>,
    /// Those that stand in the way, and that no other deployment owns.
    free: Vec<&'a ObservedRecord>,
}

impl Group<'_> {
    /// Whether nex would have to choose. Of a type that the spec does not ask for, every record goes once it is ours.
    fn is_ambiguous(&self) -> bool {
        let several = self.owned.len() + self.free.len() > self.wanted;
        self.wanted > 0 && !self.free.is_empty() && several
    }
}

/// The records that stand in the way of the spec's and that no other deployment owns. `older` is what the deployment's
/// marks named before they named the deployment.
pub(crate) fn candidates(desired: &Desired, zone: &Zone, older: Option<&str>) -> Candidates {
    let taken = others(desired, zone);
    let claims: BTreeSet<Claim<'_>> = desired.records.iter().map(Claim::of_desired).collect();
    let rivals = claims.iter().flat_map(|claim| taken.rivals(*claim));
    let rivals: BTreeMap<&RecordId, &ObservedRecord> =
        rivals.map(|record| (&record.id, record)).collect();
    let mut groups: BTreeMap<Identity, Group<'_>> = BTreeMap::new();
    let mut findings = vec![];
    for record in rivals.into_values() {
        let owner = record.deployment();
        match of_record(desired, record) {
            Some(identity) if owner.is_none() || owner == older => {
                groups.entry(identity).or_default().free.push(record);
            }
            _ => findings.push(left(record)),
        }
    }
    for record in &desired.records {
        let claim = Claim::of_desired(record);
        let identity = identity(claim.name, claim.kind, claim.text.unwrap_or_default());
        groups.entry(identity).or_default().wanted += 1;
    }
    for record in zone.records.iter().filter(|record| owns(desired, record)) {
        let group = of_record(desired, record).and_then(|identity| groups.get_mut(&identity));
        if let Some(group) = group {
            group.owned.push(record);
        }
    }
    let (several, free): (BTreeMap<_, _>, BTreeMap<_, _>) = groups
        .into_iter()
        .partition(|(_, group)| group.is_ambiguous());
    findings.extend(several.iter().map(ambiguous));
    let free = free.into_values().flat_map(|group| group.free);
    Candidates {
        records: free.map(|record| record.id.clone()).collect(),
        findings,
    }
}

/// The identity of a record that a deployment can own.
fn of_record(desired: &Desired, record: &ObservedRecord) -> Option<Identity> {
    let name = record.name_in(&desired.zone);
    let content = record.canonical_content();
    Some(identity(&name, record.ownable_type()?, &content))
}

fn left(record: &ObservedRecord) -> Finding {
    let code = match record.deployment() {
        Some(_) => "other-deployment",
        None => "not-adoptable",
    };
    let id = ResourceId::new(RECORD, format!("{} {}", record.name, record.kind));
    let remedy = match record.deployment() {
        Some(_) => "choose another name, or adopt the record by its id".into(),
        None => conflict_remedy(record),
    };
    Finding::new(
        Severity::Warning,
        code,
        id,
        conflict_message(record),
        remedy,
    )
}

fn ambiguous(((name, kind, _), group): (&Identity, &Group<'_>)) -> Finding {
    let records = group.free.iter().chain(&group.owned);
    let mut listed: Vec<String> = records
        .map(|record| format!("{} ({})", record.id, record.content))
        .collect();
    listed.sort();
    Finding::new(
        Severity::Deny,
        "ambiguous",
        ResourceId::new(RECORD, format!("{name} {kind}")),
        format!(
            "{} records have this name, the spec asks for {}, and nex does not choose between them: {}",
            listed.len(),
            group.wanted,
            listed.join(", ")
        ),
        "find out which of them serves; adopt that one by its id, and delete the others",
    )
}
