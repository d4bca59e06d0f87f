//! Compares the desired zone with the observed one, in canonical form and without I/O.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use nex_plan::{PlanEntry as _, Planned};

use crate::change::{DeferredRecord, RecordChange, RecordStep, SettingStep, ZoneStep, differs};
use crate::desired::Desired;
use crate::ids::RecordId;
use crate::ownership::{marked, unmarked};
use crate::record::{DesiredRecord, NewRecord, RecordContent, effective_ttl};
use crate::spec::RecordType;
use crate::zone::{ObservedRecord, Zone};

/// The entries of a plan for records.
pub(crate) struct RecordDiff {
    /// The entries that can be executed, by name.
    pub(crate) entries: Vec<Planned<ZoneStep>>,
    /// The entries that can't be executed. Only the engine reports these, because the lint sees the conflicting records
    /// themselves.
    pub(crate) kept_out: Vec<KeptOut>,
}

/// An entry that can't be executed because of someone else's record.
#[cfg_attr(not(feature = "engine"), expect(dead_code))]
pub(crate) struct KeptOut {
    pub(crate) entry: Planned<ZoneStep>,
    /// The other owner's record.
    pub(crate) by: ObservedRecord,
}

/// The entries that change the records of `zone` into the desired ones.
pub(crate) fn records(desired: &Desired, zone: &Zone) -> RecordDiff {
    let mut groups: BTreeMap<(String, RecordType), Group<'_>> = BTreeMap::new();
    for existing in zone.records.iter().filter(|record| owns(desired, record)) {
        if let Some(kind) = existing.record_type() {
            let key = (existing.name_in(&desired.zone), kind);
            groups.entry(key).or_default().old.push(existing);
        }
    }
    for new in &desired.records {
        let key = (new.name.clone(), new.kind);
        groups.entry(key).or_default().new.push(new);
    }
    let groups = groups.into_iter();
    let entries = groups.flat_map(|((name, kind), group)| {
        let labels = Labels {
            name: &name,
            kind,
            several: group.old.len() > 1 || group.new.len() > 1,
        };
        group.entries(&labels, desired.address)
    });
    let mut diff = RecordDiff {
        entries: vec![],
        kept_out: vec![],
    };
    for entry in entries {
        match obstacle(desired, zone, &entry).cloned() {
            Some(by) => diff.kept_out.push(KeptOut { entry, by }),
            None => diff.entries.push(entry),
        }
    }
    diff
}

/// The settings that must change, in the order of their change.
pub(crate) fn settings(desired: &Desired, zone: &Zone) -> Vec<Planned<ZoneStep>> {
    let wanted = desired.settings.iter();
    let differing = wanted.filter(|(s, value)| zone.settings.get(s) != Some(value));
    let step = |(setting, new): (&crate::Setting, &String)| SettingStep {
        setting: *setting,
        old: zone.settings.get(setting).cloned(),
        new: new.clone(),
    };
    differing
        .map(|wanted| Planned::Ready(ZoneStep::Setting(step(wanted))))
        .collect()
}

/// Whether a record belongs to the deployment, by its mark.
pub(crate) fn owns(desired: &Desired, existing: &ObservedRecord) -> bool {
    existing.deployment() == Some(&desired.deployment)
}

/// The other owner's record that prevents an entry: nex creates no record that conflicts with such a record, and
/// changes no record into a copy of it.
fn obstacle<'a>(
    desired: &Desired,
    zone: &'a Zone,
    entry: &Planned<ZoneStep>,
) -> Option<&'a ObservedRecord> {
    let mut others = zone.records.iter().filter(|other| !owns(desired, other));
    match entry {
        Planned::Ready(ZoneStep::Record(step)) => match &step.change {
            RecordChange::Create(new) => {
                others.find(|other| rivals(desired, other, &Asked::of(new)))
            }
            RecordChange::Update(_, new) => {
                others.find(|other| twins(desired, other, &Asked::of(new)))
            }
            RecordChange::Delete(_) => None,
        },
        Planned::Deferred(DeferredRecord { old: None, new, .. }) => {
            others.find(|other| rivals(desired, other, &Asked::of_desired(new, desired)))
        }
        Planned::Deferred(_) | Planned::Ready(_) => None,
    }
}

/// The parts of a record that decide whether another one conflicts with it.
pub(crate) struct Asked<'a> {
    name: &'a str,
    kind: RecordType,
    content: Option<String>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(new: &'a NewRecord) -> Self {
        Self {
            name: &new.name,
            kind: new.kind,
            content: Some(new.content.clone()),
        }
    }

    pub(crate) fn of_desired(new: &'a DesiredRecord, desired: &Desired) -> Self {
        Self {
            name: &new.name,
            kind: new.kind,
            content: new.answer(desired.address),
        }
    }
}

/// Whether a record that the deployment does not own conflicts with a desired one.
pub(crate) fn competes(desired: &Desired, other: &ObservedRecord, new: &Asked<'_>) -> bool {
    !owns(desired, other) && rivals(desired, other, new)
}

/// Whether two records conflict: two of A, AAAA and CNAME at the same name, a delegation of the name, or the same
/// record twice.
pub(crate) fn rivals(desired: &Desired, other: &ObservedRecord, new: &Asked<'_>) -> bool {
    if other.name_in(&desired.zone) != new.name {
        return false;
    }
    let leads = |kind: RecordType| kind != RecordType::Txt;
    match other.record_type() {
        Some(kind) if leads(kind) && leads(new.kind) => true,
        Some(_) => twins(desired, other, new),
        None => other.kind == "NS" && new.name != desired.zone,
    }
}

/// Whether both are the same record, which Cloudflare accepts only once.
fn twins(desired: &Desired, other: &ObservedRecord, new: &Asked<'_>) -> bool {
    other.record_type() == Some(new.kind)
        && other.name_in(&desired.zone) == new.name
        && new.content.as_ref() == Some(&other.canonical_content())
}

/// How plans name the records of one name and type.
struct Labels<'a> {
    name: &'a str,
    kind: RecordType,
    several: bool,
}

impl Labels<'_> {
    fn of(&self, content: &RecordContent) -> String {
        let Self {
            name,
            kind,
            several,
        } = self;
        match content {
            _ if !several => format!("{name} {kind}"),
            RecordContent::ServerAddress => format!("{name} {kind} (the server)"),
            RecordContent::Given(text) => format!("{name} {kind} {text}"),
        }
    }
}

/// The records of one name and type.
#[derive(Default)]
struct Group<'a> {
    old: Vec<&'a ObservedRecord>,
    new: Vec<&'a DesiredRecord>,
}

impl Group<'_> {
    /// Pairs records of equal content, and the others in order. A record without a partner is created or deleted.
    fn entries(mut self, labels: &Labels<'_>, address: Option<Ipv4Addr>) -> Vec<Planned<ZoneStep>> {
        self.old
            .sort_by_key(|existing| (existing.canonical_content(), existing.id.clone()));
        let mut pairs: Vec<(&ObservedRecord, &DesiredRecord)> = vec![];
        let mut missing = vec![];
        for new in self.new {
            let answer = new.answer(address);
            let same = |old: &&ObservedRecord| answer.as_ref() == Some(&old.canonical_content());
            match self.old.iter().position(same) {
                Some(at) => pairs.push((self.old.remove(at), new)),
                None => missing.push(new),
            }
        }
        let shared = self.old.len().min(missing.len());
        pairs.extend(self.old.drain(..shared).zip(missing.drain(..shared)));

        let updates = pairs
            .into_iter()
            .filter_map(|(old, new)| update(labels.of(&new.content), old, new, address));
        let creates = missing
            .into_iter()
            .map(|new| create(labels.of(&new.content), new, address));
        let deletes = self.old.into_iter().map(|old| {
            let content = RecordContent::Given(old.canonical_content());
            delete(labels.of(&content), old.clone())
        });
        let mut entries: Vec<_> = updates.chain(creates).chain(deletes).collect();
        entries.sort_by_key(Planned::id);
        entries
    }
}

fn record(label: String, change: RecordChange) -> Planned<ZoneStep> {
    Planned::Ready(ZoneStep::Record(RecordStep {
        label,
        change,
        reasons: vec![],
    }))
}

fn delete(label: String, old: ObservedRecord) -> Planned<ZoneStep> {
    Planned::Ready(ZoneStep::Record(RecordStep {
        label,
        change: RecordChange::Delete(old),
        reasons: vec!["the spec no longer asks for it".to_owned()],
    }))
}

fn create(label: String, new: &DesiredRecord, address: Option<Ipv4Addr>) -> Planned<ZoneStep> {
    match new.answer(address) {
        Some(answer) => record(label, RecordChange::Create(new.with_answer(answer))),
        None => Planned::Deferred(DeferredRecord {
            label,
            old: None,
            new: new.clone(),
        }),
    }
}

/// `None` if nothing differs.
fn update(
    label: String,
    old: &ObservedRecord,
    new: &DesiredRecord,
    address: Option<Ipv4Addr>,
) -> Option<Planned<ZoneStep>> {
    match new.answer(address) {
        Some(answer) => {
            let new = new.with_answer(answer);
            differs(old, &new).then(|| record(label, RecordChange::Update(old.clone(), new)))
        }
        None => Some(Planned::Deferred(DeferredRecord {
            label,
            old: Some(old.clone()),
            new: new.clone(),
        })),
    }
}

/// The step that puts the deployment's mark on a record, in place of any other deployment's, and changes nothing else of
/// it; `None` if the zone has no record with this id of a type that a spec can hold.
pub(crate) fn adoption(desired: &Desired, zone: &Zone, id: &RecordId) -> Option<RecordStep> {
    let existing = zone.records.iter().find(|existing| existing.id == *id)?;
    let kind = existing.record_type()?;
    let comment = existing.comment.as_deref().and_then(unmarked);
    let new = NewRecord {
        kind,
        name: existing.name_in(&desired.zone),
        content: existing.canonical_content(),
        ttl: effective_ttl(existing.ttl, existing.proxied),
        proxied: existing.proxied,
        comment: marked(comment, &desired.deployment),
    };
    Some(RecordStep {
        label: format!("{} {kind}", new.name),
        change: RecordChange::Update(existing.clone(), new),
        reasons: vec![],
    })
}

/// What the next plan does to an adopted record; `None` if the record already matches the spec.
pub(crate) fn after_adoption(
    desired: &Desired,
    zone: &Zone,
    adopted: &RecordStep,
) -> Option<Planned<ZoneStep>> {
    let RecordChange::Update(old, new) = &adopted.change else {
        return None;
    };
    let mut zone = zone.clone();
    for record in zone.records.iter_mut().filter(|record| record.id == old.id) {
        record.comment = Some(new.comment.clone());
    }
    let mut entries = records(desired, &zone).entries.into_iter();
    let is_about = |entry: &Planned<ZoneStep>| match entry {
        Planned::Ready(step) => step.target() == Some(old.id.as_str()),
        Planned::Deferred(deferred) => deferred.target() == Some(old.id.as_str()),
    };
    entries.find(is_about)
}
