//! Changes that follow from the change of another resource.

use std::collections::BTreeSet;

use nex_plan::{FieldChange, Value};

use super::makes_version;
use crate::model::{
    Desired, Key, Kind, Observed, ObservedResource, Owner, ResourceState, TemplateVersion,
};
use crate::step::{Operation, Step};

/// A group uses a new template version only after the group pins that version.
pub(super) fn template(steps: &mut Vec<Step>, desired: &Desired, observed: &Observed) {
    let changed = names(steps, Kind::LaunchTemplate, |step| {
        !matches!(step.operation, Operation::Delete { .. }) && makes_version(&step.fields)
    });
    for existing in ours(observed) {
        let ResourceState::AutoScalingGroup(group) = &existing.state else {
            continue;
        };
        if changed.contains(&group.template) {
            let old = match &group.template_version {
                TemplateVersion::Newest => "the newest so far",
                TemplateVersion::Other(version) => version,
            };
            let new = Value::Later(format!("the new version of {}", group.template));
            let field = FieldChange::new("launch_template_version", old, new);
            also(steps, desired, existing, field);
        }
    }
}

/// EC2 ends an address's association with an instance that is terminated.
pub(super) fn instance(steps: &mut Vec<Step>, desired: &Desired, observed: &Observed) {
    let replaced = names(steps, Kind::Instance, |step| {
        matches!(step.operation, Operation::Replace { .. })
    });
    for existing in ours(observed) {
        let ResourceState::ElasticIpAssociation(association) = &existing.state else {
            continue;
        };
        if replaced.contains(&association.instance) {
            let new = Value::Later(format!("the replacement of {}", association.instance));
            let field = FieldChange::new("instance", &association.instance, new);
            also(steps, desired, existing, field);
        }
    }
}

fn ours(observed: &Observed) -> impl Iterator<Item = &ObservedResource> {
    observed.values().filter(|e| e.owner == Owner::Nex)
}

/// The names of the resources of `kind` with a step for which `fits` holds.
fn names(steps: &[Step], kind: Kind, fits: impl Fn(&Step) -> bool) -> BTreeSet<String> {
    let steps = steps.iter();
    steps
        .filter(|step| step.key.kind == kind && fits(step))
        .map(|step| step.key.name.clone())
        .collect()
}

/// Adds a field to the update of an existing resource. A replacement or a deletion needs no such field.
fn also(steps: &mut Vec<Step>, desired: &Desired, existing: &ObservedResource, field: FieldChange) {
    let key = existing.state.key();
    match steps.binary_search_by(|step| step.key.cmp(&key)) {
        Ok(at) if matches!(steps[at].operation, Operation::Update { .. }) => {
            let fields = &mut steps[at].fields;
            fields.retain(|f| f.field != field.field);
            fields.push(field);
        }
        Ok(_) => {}
        Err(at) => {
            steps.splice(at..at, follower(key, desired, existing, field));
        }
    }
}

fn follower(
    key: Key,
    desired: &Desired,
    existing: &ObservedResource,
    field: FieldChange,
) -> Option<Step> {
    let operation = Operation::Update {
        id: existing.id.clone(),
        old: existing.state.clone(),
        new: desired.get(&key)?.clone(),
    };
    Some(Step::new(key, operation, vec![field]))
}
