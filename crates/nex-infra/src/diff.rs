//! What must change for what is there to become what is asked: a pure comparison.

use nex_plan::{Action, Change, Effect, FieldChange, Plan, Value};

use crate::model::{
    Desired, Existing, Field, Key, Kind, Observed, OnChange, Owner, Resource, ScalingGroup,
    TemplateVersion,
};

/// The plan that leads from `observed` to `desired`.
///
/// What carries a name of ours without our tags is in no plan: see [`crate::lint`], which reports it.
pub fn diff(environment: &str, desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Plan::new(environment);
    let keys: std::collections::BTreeSet<&Key> = desired.keys().chain(observed.keys()).collect();
    for key in keys {
        let change = match (desired.get(key), observed.get(key)) {
            (Some(new), None) if !is_part_of_others(new, observed) => Some(create(new)),
            (Some(new), Some(old)) if old.owner == Owner::Nex => update(new, &old.resource),
            (None, Some(old)) if old.owner == Owner::Nex => delete(old),
            _ => None,
        };
        plan.actions.extend(change);
    }
    follow_template(&mut plan, observed);
    follow_instance(&mut plan, observed);
    plan
}

/// A hook, say, that would change a group that is not nex's. The lint says whose the group is.
fn is_part_of_others(new: &Resource, observed: &Observed) -> bool {
    let of_others = |key: &Key| observed.get(key).is_some_and(|e| e.owner == Owner::Other);
    new.key().kind.is_part() && new.needs().iter().any(of_others)
}

fn create(new: &Resource) -> Change {
    let fields = new.fields().into_iter().map(|field| FieldChange {
        field: field.name.to_owned(),
        old: Value::Absent,
        new: field.value,
        effect: Effect::InPlace,
    });
    Change {
        action: Action::Create,
        resource: new.key().resource_id(),
        fields: fields.collect(),
        reasons: vec![],
    }
}

/// A volume that was left over when its server went is never deleted by a plan: only `destroy` names it.
fn delete(old: &Existing) -> Option<Change> {
    if matches!(&old.resource, Resource::Volume(v) if v.instance.is_none()) {
        return None;
    }
    Some(Change {
        action: Action::Delete,
        resource: old.resource.key().resource_id(),
        fields: vec![],
        reasons: vec!["the spec no longer asks for it".into()],
    })
}

fn update(new: &Resource, old: &Resource) -> Option<Change> {
    let fields = changes(new, old);
    let why = |field: &Field| match field.rule {
        OnChange::Replace(why) if fields.iter().any(|f| f.field == field.name) => {
            Some(format!("{}: {why}", field.name))
        }
        _ => None,
    };
    let reasons: Vec<String> = new.fields().iter().filter_map(why).collect();
    let action = match reasons.is_empty() {
        true => Action::Update,
        false => Action::Replace,
    };
    (!fields.is_empty()).then(|| Change {
        action,
        resource: new.key().resource_id(),
        fields,
        reasons,
    })
}

/// The fields that must change for `old` to become `new`.
pub(crate) fn changes(new: &Resource, old: &Resource) -> Vec<FieldChange> {
    let both = new.fields().into_iter().zip(old.fields());
    let change = |(new, old): (Field, Field)| {
        let effect = match new.rule {
            _ if new.value == old.value => return None,
            OnChange::AtCreation(_) => return None,
            OnChange::Grows if shrinks(&old.value, &new.value) => return None,
            OnChange::InPlace | OnChange::Grows => Effect::InPlace,
            OnChange::Restart => Effect::Restart,
            OnChange::Replace(_) => Effect::Replace,
        };
        Some(FieldChange {
            field: new.name.to_owned(),
            old: old.value,
            new: new.value,
            effect,
        })
    };
    both.filter_map(change).collect()
}

/// Whether a launch template needs a new version for `fields` to change: its tags and its default are outside of one.
pub(crate) fn makes_version(fields: &[FieldChange]) -> bool {
    let outside = ["newest_is_default", "tags"];
    fields.iter().any(|f| !outside.contains(&f.field.as_str()))
}

/// Whether a number that may only grow would shrink.
pub(crate) fn shrinks(old: &Value, new: &Value) -> bool {
    matches!((old, new), (Value::Integer(old), Value::Integer(new)) if new < old)
}

/// A new template version reaches its group only when the group pins it.
fn follow_template(plan: &mut Plan, observed: &Observed) {
    let with_new_version = names(plan, Kind::LaunchTemplate, |change| {
        change.action != Action::Delete && makes_version(&change.fields)
    });
    let follows = |group: &ScalingGroup| with_new_version.contains(&group.template);
    for (key, existing) in observed {
        match &existing.resource {
            Resource::AutoScalingGroup(group) if existing.owner == Owner::Nex && follows(group) => {
                let old = match &group.template_version {
                    TemplateVersion::Newest => "the newest so far",
                    TemplateVersion::Other(version) => version,
                };
                let new = Value::Later(format!("the new version of {}", group.template));
                let field = FieldChange::in_place("launch_template_version", old, new);
                also(plan, key, field);
            }
            _ => {}
        }
    }
}

/// An address lets go of an instance that ends, and takes its successor only when it is told to.
fn follow_instance(plan: &mut Plan, observed: &Observed) {
    let replaced = names(plan, Kind::Instance, |c| c.action == Action::Replace);
    for (key, existing) in observed {
        match &existing.resource {
            Resource::ElasticIpAssociation(at)
                if existing.owner == Owner::Nex && replaced.contains(&at.instance) =>
            {
                let new = Value::Later(format!("the replacement of {}", at.instance));
                let field = FieldChange::in_place("instance", &at.instance, new);
                also(plan, key, field);
            }
            _ => {}
        }
    }
}

/// The names of the resources of `kind` whose change is as `fits` says.
fn names(plan: &Plan, kind: Kind, fits: impl Fn(&Change) -> bool) -> Vec<String> {
    let changes = plan.actions.iter();
    changes
        .filter(|c| c.resource.kind == kind.as_str() && fits(c))
        .map(|c| c.resource.name.clone())
        .collect()
}

/// Adds a change that follows from another resource's; a resource that is made anew or goes has no need of it.
fn also(plan: &mut Plan, key: &Key, field: FieldChange) {
    let id = key.resource_id();
    match plan.actions.iter_mut().find(|c| c.resource == id) {
        Some(change) if change.action == Action::Update => {
            change.fields.retain(|f| f.field != field.field);
            change.fields.push(field);
        }
        Some(_) => {}
        None => {
            plan.push(Change {
                action: Action::Update,
                resource: id,
                fields: vec![field],
                reasons: vec![],
            });
            plan.actions.sort_by_key(|change| {
                let kind = Kind::parse(&change.resource.kind);
                (kind, change.resource.name.clone())
            });
        }
    }
}
