//! What must change for a zone to become what is asked: a pure comparison, in canonical form.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::{Action, Change, FieldChange, Plan, ResourceId, Value};

use crate::desired::Desired;
use crate::owner::{marked, unmarked};
use crate::record::{Content, Entry};
use crate::spec::RecordKind;
use crate::zone::{Existing, Zone};

/// The kind of a record in a plan.
pub const RECORD: &str = "dns-record";

/// The kind of a setting in a plan.
pub const SETTING: &str = "zone-setting";

/// What a plan says of an address that is not known yet.
const LATER: &str = "the server has its address";

/// One record's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The record's name in the plan.
    pub resource: ResourceId,
    /// What is done.
    pub what: Do,
}

/// What is done to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// It is made.
    Create(Entry),
    /// It is changed where it stands; fields that are the same are not sent.
    Update(Existing, Entry),
    /// It is deleted.
    Delete(Existing),
}

impl Step {
    /// The record's name in DNS.
    pub fn name(&self) -> &str {
        match &self.what {
            Do::Create(new) | Do::Update(_, new) => &new.name,
            Do::Delete(old) => &old.name,
        }
    }
}

/// The plan that leads from `zone` to `desired`: records by name, then settings in the order of their change.
pub fn diff(desired: &Desired, zone: &Zone) -> Plan {
    let mut plan = Plan::new(&desired.environment);
    plan.actions.extend(steps(desired, zone).iter().map(change));
    plan.actions.extend(settings(desired, zone));
    plan
}

/// The changes of records, in the plan's order.
pub(crate) fn steps(desired: &Desired, zone: &Zone) -> Vec<Step> {
    let (steps, _) = split(desired, zone);
    steps
}

/// The changes that someone else's record keeps out.
#[cfg(feature = "client")]
pub(crate) fn kept_out(desired: &Desired, zone: &Zone) -> Vec<Step> {
    let (_, kept_out) = split(desired, zone);
    kept_out
}

fn split(desired: &Desired, zone: &Zone) -> (Vec<Step>, Vec<Step>) {
    let mut groups: BTreeMap<(&str, RecordKind), Group<'_>> = BTreeMap::new();
    let names: BTreeMap<&str, String> = zone
        .records
        .iter()
        .map(|e| (e.id.as_str(), e.name_in(&desired.zone)))
        .collect();
    for existing in &zone.records {
        if let Some(kind) = existing.known().filter(|_| owns(desired, existing)) {
            let name = names[existing.id.as_str()].as_str();
            groups.entry((name, kind)).or_default().old.push(existing);
        }
    }
    for entry in &desired.records {
        groups
            .entry((&entry.name, entry.kind))
            .or_default()
            .new
            .push(entry);
    }
    let groups = groups.into_iter();
    let steps = groups.flat_map(|((name, kind), group)| group.steps(name, kind));
    steps.partition(|step| !is_kept_out(desired, zone, step))
}

/// Nothing is made where someone else's record stands in the way, and nothing is changed into a twin of one.
fn is_kept_out(desired: &Desired, zone: &Zone, step: &Step) -> bool {
    let mut others = zone.records.iter().filter(|other| !owns(desired, other));
    match &step.what {
        Do::Create(new) => others.any(|other| rivals(desired, other, new)),
        Do::Update(_, new) => others.any(|other| twins(desired, other, new)),
        Do::Delete(_) => false,
    }
}

/// Whether a record is the environment's: by its mark, or because it is adopted and stands where the spec has a record.
pub(crate) fn owns(desired: &Desired, existing: &Existing) -> bool {
    existing.environment() == Some(&desired.environment)
        || (desired.adopt.contains(&existing.id)
            && existing.known().is_some()
            && desired
                .records
                .iter()
                .any(|new| rivals(desired, existing, new)))
}

/// How a record is taken over, and what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// Puts the environment's mark on the record and changes nothing else of it.
    pub step: Step,
    /// What the next plan does to the record then; `None` if it is as the spec asks.
    pub then: Option<Change>,
}

/// How the record with this id is taken over; `None` if there is none, or it is of a type that a spec can't hold.
pub fn adoption(desired: &Desired, zone: &Zone, id: &str) -> Option<Adoption> {
    let existing = zone.records.iter().find(|existing| existing.id == id)?;
    let kind = existing.known()?;
    let own = existing.comment.as_deref().and_then(unmarked);
    let entry = Entry {
        kind,
        name: existing.name_in(&desired.zone),
        content: Content::Given(existing.canonical_content()),
        ttl: Entry::ttl_of(existing.ttl, existing.proxied),
        proxied: existing.proxied,
        comment: marked(own, &desired.environment),
    };
    let mut adopted = zone.clone();
    for record in adopted.records.iter_mut().filter(|record| record.id == id) {
        record.comment = Some(entry.comment.clone());
    }
    let is_of = |step: &&Step| match &step.what {
        Do::Update(old, _) | Do::Delete(old) => old.id == id,
        Do::Create(_) => false,
    };
    Some(Adoption {
        then: steps(desired, &adopted).iter().find(is_of).map(change),
        step: Step {
            resource: ResourceId::new(RECORD, format!("{} {}", entry.name, kind.as_str())),
            what: Do::Update(existing.clone(), entry),
        },
    })
}

/// Whether a record that is not the environment's stands in the way of `new`.
pub(crate) fn competes(desired: &Desired, other: &Existing, new: &Entry) -> bool {
    !owns(desired, other) && rivals(desired, other, new)
}

/// Whether both answer for the same thing: two of A, AAAA and CNAME at a name; a delegation of it; or twice the same.
pub(crate) fn rivals(desired: &Desired, other: &Existing, new: &Entry) -> bool {
    if other.name_in(&desired.zone) != new.name {
        return false;
    }
    let leads = |kind: RecordKind| kind != RecordKind::Txt;
    match other.known() {
        Some(kind) if leads(kind) && leads(new.kind) => true,
        Some(_) => twins(desired, other, new),
        None => other.kind == "NS" && new.name != desired.zone,
    }
}

/// Whether both are the same record, which Cloudflare takes only once.
fn twins(desired: &Desired, other: &Existing, new: &Entry) -> bool {
    other.known() == Some(new.kind)
        && other.name_in(&desired.zone) == new.name
        && new.content.text() == Some(&other.canonical_content())
}

/// The records of one name and type.
#[derive(Default)]
struct Group<'a> {
    old: Vec<&'a Existing>,
    new: Vec<&'a Entry>,
}

impl Group<'_> {
    /// Equal contents belong together; the rest are paired in order, and what is left over is made or deleted.
    fn steps(mut self, name: &str, kind: RecordKind) -> Vec<Step> {
        self.old
            .sort_by_key(|existing| (existing.canonical_content(), existing.id.clone()));
        let alone = self.old.len() <= 1 && self.new.len() <= 1;
        let resource = |content: &Content| {
            let kind = kind.as_str();
            let name = match (alone, content) {
                (true, _) => format!("{name} {kind}"),
                (false, Content::Server(_)) => format!("{name} {kind} (the server)"),
                (false, Content::Given(text)) => format!("{name} {kind} {text}"),
            };
            ResourceId::new(RECORD, name)
        };
        let mut pairs: Vec<(&Existing, &Entry)> = vec![];
        let mut missing = vec![];
        for new in self.new {
            let same = |old: &&Existing| new.content.text() == Some(&old.canonical_content());
            match self.old.iter().position(same) {
                Some(at) => pairs.push((self.old.remove(at), new)),
                None => missing.push(new),
            }
        }
        let shared = self.old.len().min(missing.len());
        pairs.extend(self.old.drain(..shared).zip(missing.drain(..shared)));
        pairs.retain(|(old, new)| !fields(Some(old), Some(new)).is_empty());
        let step = |content: &Content, what| Step {
            resource: resource(content),
            what,
        };
        let update = |(old, new): (&Existing, &Entry)| {
            step(&new.content, Do::Update(old.clone(), new.clone()))
        };
        let create = |new: &Entry| step(&new.content, Do::Create(new.clone()));
        let delete = |old: &Existing| {
            let content = Content::Given(old.canonical_content());
            step(&content, Do::Delete(old.clone()))
        };
        let updates = pairs.into_iter().map(update);
        let creates = missing.into_iter().map(create);
        let deletes = self.old.into_iter().map(delete);
        let mut steps: Vec<Step> = updates.chain(creates).chain(deletes).collect();
        steps.sort_by(|a, b| a.resource.cmp(&b.resource));
        steps
    }
}

pub(crate) fn change(step: &Step) -> Change {
    let (action, fields, reasons) = match &step.what {
        Do::Create(new) => (Action::Create, fields(None, Some(new)), vec![]),
        Do::Update(old, new) => (Action::Update, fields(Some(old), Some(new)), vec![]),
        Do::Delete(old) => {
            let why = "the spec no longer asks for it".to_owned();
            (Action::Delete, fields(Some(old), None), vec![why])
        }
    };
    Change {
        action,
        resource: step.resource.clone(),
        fields,
        reasons,
    }
}

/// The fields that differ, in canonical form.
pub(crate) fn fields(old: Option<&Existing>, new: Option<&Entry>) -> Vec<FieldChange> {
    let later = |new: &Entry| match new.content.text() {
        Some(content) => content.into(),
        None => Value::Later(LATER.to_owned()),
    };
    let ttl = |old: &Existing| Entry::ttl_of(old.ttl, old.proxied);
    let all = [
        (
            "content",
            value(old.map(Existing::canonical_content)),
            value(new.map(later)),
        ),
        ("ttl", value(old.map(ttl)), value(new.map(|e| e.ttl))),
        (
            "proxied",
            value(old.map(|e| e.proxied)),
            value(new.map(|e| e.proxied)),
        ),
        (
            "comment",
            value(old.and_then(|e| e.comment.clone())),
            value(new.map(|e| &e.comment)),
        ),
    ];
    let differing = all.into_iter().filter(|(_, old, new)| old != new);
    differing
        .map(|(name, old, new)| FieldChange::in_place(name, old, new))
        .collect()
}

fn value(value: Option<impl Into<Value>>) -> Value {
    value.map_or(Value::Absent, Into::into)
}

fn settings(desired: &Desired, zone: &Zone) -> Vec<Change> {
    let differing = desired
        .settings
        .iter()
        .filter(|(s, value)| zone.settings.get(s) != Some(value));
    let change = |(setting, new): (&crate::Setting, &String)| Change {
        action: Action::Update,
        resource: ResourceId::new(SETTING, setting.as_str()),
        fields: vec![FieldChange::in_place(
            "value",
            zone.settings.get(setting).cloned(),
            new,
        )],
        reasons: vec![],
    };
    differing.map(change).collect()
}

/// The names at which the spec has records.
pub(crate) fn names(desired: &Desired) -> BTreeSet<&str> {
    desired
        .records
        .iter()
        .map(|entry| entry.name.as_str())
        .collect()
}
