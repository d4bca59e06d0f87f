//! Compares the desired resources with the observed ones, without I/O, and plans the changes.

mod follow;
mod order;

use std::collections::BTreeSet;

use nex_plan::{FieldChange, Plan, UpdateBehavior, Value};

use crate::model::{
    Desired, DesiredResource, Field, Key, Kind, Observed, ObservedResource, Owner, ResourceState,
};
use crate::step::{Operation, Step};

/// The plan that leads from `observed` to `desired`.
///
/// The plan never lists another owner's resource that has a name of this environment. The lint reports that resource.
pub fn diff(environment: &str, desired: &Desired, observed: &Observed) -> Plan<Step> {
    let keys: BTreeSet<&Key> = desired.keys().chain(observed.keys()).collect();
    let steps = keys
        .into_iter()
        .filter_map(|key| match (desired.get(key), observed.get(key)) {
            (Some(new), None) => (!is_part_of_others(new, observed)).then(|| create(new)),
            (Some(new), Some(old)) if old.owner == Owner::Nex => update(new, old),
            (None, Some(old)) if old.owner == Owner::Nex => delete(old),
            _ => None,
        });
    let mut steps: Vec<Step> = steps.collect();
    follow::template(&mut steps, desired, observed);
    follow::instance(&mut steps, desired, observed);
    order::set_needs(&mut steps, desired, observed);
    let mut plan = Plan::new(environment);
    steps.into_iter().for_each(|step| plan.push(step));
    plan
}

/// The plan that deletes everything that nex owns. Its steps have no reasons, because everything is deleted.
pub fn teardown(environment: &str, observed: &Observed) -> Plan<Step> {
    let plan = diff(environment, &Desired::new(), observed);
    let mut bare = Plan::new(environment);
    for step in plan.steps().cloned() {
        let reasons = vec![];
        bare.push(Step { reasons, ..step });
    }
    bare
}

/// Whether the resource is a part of another owner's resource, such as a hook of their group.
fn is_part_of_others(new: &DesiredResource, observed: &Observed) -> bool {
    let of_others = |key: &Key| observed.get(key).is_some_and(|e| e.owner != Owner::Nex);
    new.key().kind.is_part() && new.needs().iter().any(of_others)
}

fn create(new: &DesiredResource) -> Step {
    let field = |field: Field| FieldChange::new(field.name, Value::Absent, field.value);
    let fields = new.fields().into_iter().map(field).collect();
    Step::new(new.key(), Operation::Create(new.clone()), fields)
}

/// No plan deletes a volume that is not the server's: one that was left over, or one that serves another instance.
fn delete(old: &ObservedResource) -> Option<Step> {
    if matches!(&old.state, ResourceState::Volume(volume) if volume.name == old.id) {
        return None;
    }
    let operation = Operation::Delete {
        id: old.id.clone(),
        old: old.state.clone(),
    };
    Some(Step {
        reasons: vec!["the spec no longer asks for it".into()],
        ..Step::new(old.state.key(), operation, vec![])
    })
}

fn update(new: &DesiredResource, observed: &ObservedResource) -> Option<Step> {
    let ObservedResource { id, state, .. } = observed;
    let mut fields = changes(new, state);
    fields.extend(image_of_version(new, state, &fields));
    if fields.is_empty() {
        return None;
    }
    let reason = |field: &FieldChange| match &field.effect {
        UpdateBehavior::Replacement(why) => Some(format!("{}: {why}", field.field)),
        _ => None,
    };
    let mut reasons: Vec<String> = fields.iter().filter_map(reason).collect();
    let (id, old, new) = (id.clone(), state.clone(), new.clone());
    let key = new.key();
    let operation = if reasons.is_empty() {
        Operation::Update { id, old, new }
    } else {
        Operation::Replace { id, old, new }
    };
    reasons.extend(file_system_grows_later(&key, &fields));
    Some(Step {
        reasons,
        ..Step::new(key, operation, fields)
    })
}

/// EC2 enlarges a volume, never the file system on it.
fn file_system_grows_later(key: &Key, fields: &[FieldChange]) -> Option<String> {
    let grows = key.kind == Kind::Volume && fields.iter().any(|field| field.field == "size_gb");
    let why = "size_gb: the volume grows now, its file system at the server's next boot (cloud-init's growpart)";
    grows.then(|| why.to_owned())
}

/// Each desired field with the observed value of the same name; `None` if the observed side does not have the field.
pub(crate) fn pairs(new: &DesiredResource, old: &ResourceState) -> Vec<(Field, Option<Value>)> {
    let old = old.fields();
    let pair = |new: Field| {
        let old = old.iter().find(|old| old.name == new.name);
        (new, old.map(|old| old.value.clone()))
    };
    new.fields().into_iter().map(pair).collect()
}

/// The fields that must change so that `old` becomes `new`.
pub(crate) fn changes(new: &DesiredResource, old: &ResourceState) -> Vec<FieldChange> {
    let change = |(new, old): (Field, Option<Value>)| {
        let old = old.unwrap_or(Value::Absent);
        let effect = match new.behavior {
            _ if new.value == old => return None,
            UpdateBehavior::CreateOnly(_) => return None,
            UpdateBehavior::GrowOnly if shrinks(&old, &new.value) => return None,
            UpdateBehavior::GrowOnly => UpdateBehavior::NoInterruption,
            behavior => behavior,
        };
        Some(FieldChange {
            effect,
            ..FieldChange::new(new.name, old, new.value)
        })
    };
    pairs(new, old).into_iter().filter_map(change).collect()
}

/// A newer image alone is no reason for a new version of a launch template, but a new version takes the image.
fn image_of_version(
    new: &DesiredResource,
    old: &ResourceState,
    fields: &[FieldChange],
) -> Option<FieldChange> {
    let is_template = matches!(new, DesiredResource::LaunchTemplate(_));
    if !is_template || !makes_version(fields) {
        return None;
    }
    pairs(new, old).into_iter().find_map(|(new, old)| {
        let is_newer = new.name == "image"
            && matches!(new.behavior, UpdateBehavior::CreateOnly(_))
            && old.as_ref() != Some(&new.value);
        is_newer.then(|| FieldChange::new(new.name, old.unwrap_or(Value::Absent), new.value))
    })
}

/// Whether a launch template needs a new version so that `fields` change: versions hold neither tags nor the default.
pub(crate) fn makes_version(fields: &[FieldChange]) -> bool {
    let outside = ["newest_is_default", "tags"];
    fields.iter().any(|f| !outside.contains(&f.field.as_ref()))
}

/// Whether a number that may only grow would shrink.
pub(crate) fn shrinks(old: &Value, new: &Value) -> bool {
    matches!((old, new), (Value::Integer(old), Value::Integer(new)) if new < old)
}
