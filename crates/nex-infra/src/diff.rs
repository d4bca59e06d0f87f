//! What must change for what exists to become what is asked for: a pure comparison.

use std::collections::{BTreeMap, BTreeSet};

use nex_plan::{Action, FieldChange, Plan, PlanEntry as _, Planned, UpdateBehavior, Value};

use crate::model::{
    Desired, DesiredResource, Key, Kind, Observed, ObservedResource, Owner, ResourceState,
};
use crate::step::{Existing, Operation, Step};

/// The plan that leads from `observed` to `desired`.
///
/// A resource with a name of the environment and without nex's tags is in no plan: the lint reports it.
pub fn diff(environment: &str, desired: &Desired, observed: &Observed) -> Plan<Step> {
    let keys: BTreeSet<&Key> = desired.keys().chain(observed.keys()).collect();
    let step = |key: &Key| match (desired.get(key), observed.get(key)) {
        (Some(new), None) if !is_part_of_others(new, observed) => Some(create(new)),
        (Some(new), Some(old)) if old.owner == Owner::Nex => update(new, old),
        (None, Some(old)) if old.owner == Owner::Nex => delete(old),
        _ => None,
    };
    let steps = keys
        .into_iter()
        .filter_map(|key| Some((key.clone(), step(key)?)));
    let mut steps: BTreeMap<Key, Step> = steps.collect();
    follow_template(&mut steps, desired, observed);
    follow_instance(&mut steps, desired, observed);
    plan(environment, steps, desired, observed)
}

/// The plan that deletes everything that nex owns.
pub fn teardown(environment: &str, observed: &Observed) -> Plan<Step> {
    let mut plan = diff(environment, &Desired::new(), observed);
    for entry in &mut plan.entries {
        if let Planned::Ready(step) = entry {
            // Where everything goes, no resource needs a reason of its own.
            step.reasons.clear();
        }
    }
    plan
}

/// Whether a plan starts instances, so that the account's quotas count.
pub fn starts_instances(plan: &Plan<Step>) -> bool {
    plan.steps().any(|step| {
        matches!(step.key.kind, Kind::Instance | Kind::AutoScalingGroup)
            && step.action() == Action::Create
    })
}

fn plan(
    environment: &str,
    mut steps: BTreeMap<Key, Step>,
    desired: &Desired,
    observed: &Observed,
) -> Plan<Step> {
    let needs: Vec<(Key, BTreeSet<Key>)> = steps
        .values()
        .map(|step| (step.key.clone(), needs(step, &steps, desired, observed)))
        .collect();
    for (key, needs) in needs {
        if let Some(step) = steps.get_mut(&key) {
            step.needs = needs;
        }
    }
    let mut plan = Plan::new(environment);
    plan.entries = steps.into_values().map(Planned::Ready).collect();
    plan
}

/// Whether a resource belongs to one that someone else owns, such as a hook of their group. The lint reports the group.
fn is_part_of_others(new: &DesiredResource, observed: &Observed) -> bool {
    let is_of_others = |key: &Key| observed.get(key).is_some_and(|e| e.owner == Owner::Other);
    new.key().kind.is_part() && new.needs().iter().any(is_of_others)
}

fn step(key: Key, operation: Operation) -> Step {
    Step {
        key,
        operation,
        fields: vec![],
        reasons: vec![],
        needs: BTreeSet::new(),
    }
}

fn create(new: &DesiredResource) -> Step {
    let fields = new.fields().into_iter();
    let fields = fields.map(|field| FieldChange::new(field.name, Value::Absent, field.value));
    Step {
        fields: fields.collect(),
        ..step(new.key(), Operation::Create(Box::new(new.clone())))
    }
}

/// A plan never deletes a volume whose server is gone: only `teardown` does, after its instance.
fn delete(old: &ObservedResource) -> Option<Step> {
    if matches!(&old.state, ResourceState::Volume(volume) if volume.instance.is_none()) {
        return None;
    }
    let operation = Operation::Delete {
        id: old.id.clone(),
        old: Box::new(old.state.clone()),
    };
    Some(Step {
        reasons: vec!["the spec no longer asks for it".into()],
        ..step(old.state.key(), operation)
    })
}

fn update(new: &DesiredResource, old: &ObservedResource) -> Option<Step> {
    let fields = changes(new, &old.state);
    if fields.is_empty() {
        return None;
    }
    let reasons: Vec<String> = fields.iter().filter_map(replacement).collect();
    let existing = existing(new, old);
    let operation = if reasons.is_empty() {
        Operation::Update(existing)
    } else {
        Operation::Replace(existing)
    };
    Some(Step {
        fields,
        reasons,
        ..step(new.key(), operation)
    })
}

fn existing(new: &DesiredResource, old: &ObservedResource) -> Box<Existing> {
    Box::new(Existing {
        id: old.id.clone(),
        old: old.state.clone(),
        new: new.clone(),
    })
}

/// Why a field can't be changed without a new resource.
fn replacement(field: &FieldChange) -> Option<String> {
    match &field.effect {
        UpdateBehavior::Replacement(why) => Some(format!("{}: {why}", field.field)),
        _ => None,
    }
}

/// The fields that must change for `old` to become `new`.
pub(crate) fn changes(new: &DesiredResource, old: &ResourceState) -> Vec<FieldChange> {
    differences(new, old).filter(is_change).collect()
}

/// The fields that differ, paired by name. A field that only counts on a create, and that a read does not show, is left
/// out.
pub(crate) fn differences(
    new: &DesiredResource,
    old: &ResourceState,
) -> impl Iterator<Item = FieldChange> {
    let old: BTreeMap<&str, Value> = old
        .fields()
        .into_iter()
        .map(|f| (f.name, f.value))
        .collect();
    new.fields().into_iter().filter_map(move |field| {
        let old = match (old.get(field.name), &field.behavior) {
            (Some(old), _) => old.clone(),
            (None, UpdateBehavior::CreateOnly(_)) => return None,
            (None, _) => Value::Absent,
        };
        (old != field.value).then_some(FieldChange {
            field: field.name.into(),
            old,
            new: field.value,
            effect: field.behavior,
        })
    })
}

fn is_change(field: &FieldChange) -> bool {
    match field.effect {
        UpdateBehavior::CreateOnly(_) => false,
        UpdateBehavior::GrowOnly => !shrinks(field),
        UpdateBehavior::NoInterruption
        | UpdateBehavior::SomeInterruption
        | UpdateBehavior::Replacement(_) => true,
    }
}

/// Whether a number that can only grow would shrink.
pub(crate) fn shrinks(field: &FieldChange) -> bool {
    matches!((&field.old, &field.new), (Value::Integer(old), Value::Integer(new)) if new < old)
}

/// Whether a launch template needs a new version for `fields` to change: a version has neither tags nor the default.
pub(crate) fn makes_version(fields: &[FieldChange]) -> bool {
    let outside = ["newest_is_default", "tags"];
    fields.iter().any(|f| !outside.contains(&&*f.field))
}

/// A new version of a template reaches its group only when the group pins the version.
fn follow_template(steps: &mut BTreeMap<Key, Step>, desired: &Desired, observed: &Observed) {
    for (key, old) in observed.iter().filter(|(_, old)| old.owner == Owner::Nex) {
        let ResourceState::AutoScalingGroup(group) = &old.state else {
            continue;
        };
        let template = steps.get(&Key::new(Kind::LaunchTemplate, &group.template));
        let has_new_version = template
            .is_some_and(|step| step.action() != Action::Delete && makes_version(&step.fields));
        if has_new_version {
            let version = group.template_version.to_string();
            let version = if version == "newest" {
                "the newest so far".to_owned()
            } else {
                version
            };
            let new = Value::Later(format!("the new version of {}", group.template));
            let field = FieldChange::new("launch_template_version", version, new);
            follow(steps, key, desired, old, field);
        }
    }
}

/// An address loses an instance that ends, and gets its successor only by a new association.
fn follow_instance(steps: &mut BTreeMap<Key, Step>, desired: &Desired, observed: &Observed) {
    for (key, old) in observed.iter().filter(|(_, old)| old.owner == Owner::Nex) {
        let ResourceState::ElasticIpAssociation(association) = &old.state else {
            continue;
        };
        let instance = steps.get(&Key::new(Kind::Instance, &association.instance));
        if instance.is_some_and(|step| step.action() == Action::Replace) {
            let new = Value::Later(format!("the replacement of {}", association.instance));
            let field = FieldChange::new("instance", &association.instance, new);
            follow(steps, key, desired, old, field);
        }
    }
}

/// Adds a change that follows from the step of another resource. A resource that is replaced or deleted needs none.
fn follow(
    steps: &mut BTreeMap<Key, Step>,
    key: &Key,
    desired: &Desired,
    old: &ObservedResource,
    field: FieldChange,
) {
    match steps.get_mut(key) {
        Some(step) if step.action() == Action::Update => {
            step.fields.retain(|other| other.field != field.field);
            step.fields.push(field);
        }
        Some(_) => {}
        None => {
            let Some(new) = desired.get(key) else { return };
            let update = Step {
                fields: vec![field],
                ..step(key.clone(), Operation::Update(existing(new, old)))
            };
            steps.insert(key.clone(), update);
        }
    }
}

/// What must happen before a step.
fn needs(
    step: &Step,
    steps: &BTreeMap<Key, Step>,
    desired: &Desired,
    observed: &Observed,
) -> BTreeSet<Key> {
    let new = match &step.operation {
        Operation::Create(new) => new,
        Operation::Update(existing) | Operation::Replace(existing) => &existing.new,
        Operation::Delete { .. } => return deleted_before(&step.key, steps, observed),
        Operation::Adopt { .. } => return BTreeSet::new(),
    };
    // A resource that an earlier stage was to create, and did not, is missing too.
    let is_missing = |key: &Key| desired.contains_key(key) && !observed.contains_key(key);
    let needed = new.needs().into_iter();
    needed
        .filter(|key| *key != step.key && (steps.contains_key(key) || is_missing(key)))
        .collect()
}

/// What is deleted before a resource: everything that needs the resource. But a volume is free only once its instance is
/// gone.
fn deleted_before(key: &Key, steps: &BTreeMap<Key, Step>, observed: &Observed) -> BTreeSet<Key> {
    let needs = |a: &Key, b: &Key| {
        let state = observed.get(a).map(|existing| &existing.state);
        state.is_some_and(|state| state.needs().contains(b))
    };
    let goes_first = |other: &Key| match (other.kind, key.kind) {
        (Kind::Instance, Kind::Volume) => needs(key, other),
        (Kind::Volume, Kind::Instance) => false,
        _ => needs(other, key),
    };
    let deleted = steps
        .values()
        .filter(|step| step.action() == Action::Delete);
    deleted
        .map(|step| &step.key)
        .filter(|other| *other != key && goes_first(other))
        .cloned()
        .collect()
}
