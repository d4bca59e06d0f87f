//! Compares the desired zone with the observed one, in canonical form and without I/O.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

use nex_plan::Planned;

use crate::change::{DeferredRecord, RecordChange, RecordStep, SettingStep, ZoneStep, differs};
use crate::desired::Desired;
use crate::record::{DesiredRecord, RecordContent};
use crate::spec::RecordType;
use crate::taken::{Claim, Taken};
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
    let others = others(desired, zone);
    for entry in entries {
        match obstacle(&others, &entry).cloned() {
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

/// Whether a record belongs to the deployment, by its mark. A mark on a record of another type means nothing.
pub(crate) fn owns(desired: &Desired, existing: &ObservedRecord) -> bool {
    existing.ownable_type().is_some() && existing.deployment() == Some(&desired.deployment)
}

/// The other owners' records of a zone.
pub(crate) fn others<'a>(desired: &Desired, zone: &'a Zone) -> Taken<'a> {
    let others = zone.records.iter().filter(|other| !owns(desired, other));
    Taken::by(others, desired)
}

/// The other owner's record that prevents an entry: nex creates no record that conflicts with such a record, and
/// changes no record into a copy of it.
fn obstacle<'a>(others: &Taken<'a>, entry: &Planned<ZoneStep>) -> Option<&'a ObservedRecord> {
    match entry {
        Planned::Ready(ZoneStep::Record(step)) => match &step.change {
            RecordChange::Create(new) => others.rivals(Claim::of(new)).next(),
            RecordChange::Update(_, new) => others.twins(new).next(),
            RecordChange::Delete(_) => None,
        },
        Planned::Deferred(DeferredRecord { old: None, new, .. }) => {
            others.rivals(Claim::of_desired(new)).next()
        }
        Planned::Deferred(_) | Planned::Ready(_) => None,
    }
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
        self.old.sort_by(|a, b| a.id.cmp(&b.id));
        let mut by_content: BTreeMap<String, VecDeque<&ObservedRecord>> = BTreeMap::new();
        for existing in self.old {
            let content = existing.canonical_content();
            by_content.entry(content).or_default().push_back(existing);
        }
        let mut pairs: Vec<(&ObservedRecord, &DesiredRecord)> = vec![];
        let mut missing = vec![];
        for new in self.new {
            let same = new.answer(address).and_then(|it| by_content.get_mut(&it));
            match same.and_then(VecDeque::pop_front) {
                Some(old) => pairs.push((old, new)),
                None => missing.push(new),
            }
        }
        let mut left: Vec<&ObservedRecord> = by_content.into_values().flatten().collect();
        let shared = left.len().min(missing.len());
        pairs.extend(left.drain(..shared).zip(missing.drain(..shared)));

        let updates = pairs
            .into_iter()
            .filter_map(|(old, new)| update(labels.of(&new.content), old, new, address));
        let creates = missing
            .into_iter()
            .map(|new| create(labels.of(&new.content), new, address));
        let deletes = left.into_iter().map(|old| {
            let content = RecordContent::Given(old.canonical_content());
            delete(labels.of(&content), old.clone())
        });
        let mut entries: Vec<_> = updates.chain(creates).chain(deletes).collect();
        entries.sort_by_cached_key(Planned::id);
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
